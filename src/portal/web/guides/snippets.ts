// The same call in four languages, for the guides.

export const callSnippets = (origin: string): readonly (readonly [name: string, code: string])[] => [
  ['curl', `curl -i -H 'Authorization: Bearer pk_test_…' '${origin}/v2/stops/search?q=colobane'`],
  [
    'JavaScript',
    `const response = await fetch('${origin}/v2/stops/search?q=colobane', {
  headers: { Authorization: \`Bearer \${process.env.API_KEY}\` },
});
console.log(response.status, response.headers.get('X-RateLimit-Remaining-Day'), await response.json());`,
  ],
  [
    'Python',
    `import os, requests

response = requests.get("${origin}/v2/stops/search", params={"q": "colobane"},
                        headers={"Authorization": f"Bearer {os.environ['API_KEY']}"})
print(response.status_code, response.headers["X-RateLimit-Remaining-Day"], response.json())`,
  ],
  [
    'PHP',
    `$curl = curl_init('${origin}/v2/stops/search?q=colobane');
curl_setopt($curl, CURLOPT_HTTPHEADER, ['Authorization: Bearer ' . getenv('API_KEY')]);
curl_setopt($curl, CURLOPT_RETURNTRANSFER, true);
$stops = json_decode(curl_exec($curl), true);`,
  ],
];

export const signingSnippets = (origin: string): readonly (readonly [name: string, code: string])[] => [
  [
    'curl',
    `BODY='{"amount":1000,"currency":"XOF"}'
SIGNATURE=$(printf %s "$BODY" | openssl dgst -sha256 -hmac "$SECRET" -r | cut -d' ' -f1)
curl -i '${origin}/v1/payments' -H 'Content-Type: application/json' -H "X-API-Key: $KEY_ID:$SIGNATURE" -d "$BODY"`,
  ],
  [
    'JavaScript',
    `import { createHmac } from 'node:crypto';

const body = JSON.stringify({ amount: 1000, currency: 'XOF' });
const signature = createHmac('sha256', process.env.SECRET).update(body).digest('hex');
await fetch('${origin}/v1/payments', {
  method: 'POST',
  headers: { 'Content-Type': 'application/json', 'X-API-Key': \`\${process.env.KEY_ID}:\${signature}\` },
  body,
});`,
  ],
  [
    'Python',
    `import hashlib, hmac, json, os, requests

body = json.dumps({"amount": 1000, "currency": "XOF"}).encode()
signature = hmac.new(os.environ["SECRET"].encode(), body, hashlib.sha256).hexdigest()
requests.post("${origin}/v1/payments", data=body,
              headers={"Content-Type": "application/json", "X-API-Key": f"{os.environ['KEY_ID']}:{signature}"})`,
  ],
  [
    'PHP',
    `$body = json_encode(['amount' => 1000, 'currency' => 'XOF']);
$signature = hash_hmac('sha256', $body, getenv('SECRET'));
$curl = curl_init('${origin}/v1/payments');
curl_setopt_array($curl, [CURLOPT_POSTFIELDS => $body, CURLOPT_RETURNTRANSFER => true,
  CURLOPT_HTTPHEADER => ['Content-Type: application/json', 'X-API-Key: ' . getenv('KEY_ID') . ':' . $signature]]);
echo curl_exec($curl);`,
  ],
];
