// Calls in several languages, for the guides. What signs is run by the tests as it is read on the page.

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

/** Signs with openssl: a call with a body, and one with a header of its own. KEY_ID and SECRET are the shell's. */
export const signingCurl = (origin: string): string =>
  String.raw`hex() { openssl dgst -sha256 -r "$@" | cut -d' ' -f1; }
call() {
  METHOD=$1 TARGET=$2 BODY=$3 TYPE=${'$'}{3:+application/json} TIME=$(date +%s) NONCE=$(openssl rand -hex 16)
  HEADER=$4 # one more to sign, as name:value
  SIGNATURE=$(printf '%s\n%s\n%s\n%s\n%s\n%s\n%s\n%s' v2 "$METHOD" "$TARGET" "$TIME" "$NONCE" "$TYPE" "" \
    "$(printf %s "$BODY" | hex)${'$'}{HEADER:+
$HEADER}" | hex -hmac "v2:$SECRET")
  curl -i -X "$METHOD" "${origin}$TARGET" -H "X-API-Key: $KEY_ID:$SIGNATURE" -H 'X-Signature-Version: 2' \
    -H "X-Timestamp: $TIME" -H "X-Nonce: $NONCE" ${'$'}{TYPE:+-H "Content-Type: $TYPE" -d "$BODY"} \
    ${'$'}{HEADER:+-H "X-Signature-Headers: ${'$'}{HEADER%%:*}" -H "$HEADER"}
  echo
}
call POST /v1/payments '{"amount":1000,"currency":"XOF"}'
call GET '/v1/payments?limit=1' '' 'prefer:wait=5'`;

export const signingSnippets = (origin: string): readonly (readonly [name: string, code: string])[] => [
  ['curl', signingCurl(origin)],
  [
    'JavaScript',
    String.raw`import { createHash, createHmac, randomUUID } from 'node:crypto';

async function call(method, target, body = '', more = {}) {
  const time = String(Math.floor(Date.now() / 1000));
  const nonce = randomUUID();
  const type = body && 'application/json';
  const hash = createHash('sha256').update(body).digest('hex');
  const names = Object.keys(more).sort(); // in lower case
  const lines = names.map((name) => name + ':' + more[name]);
  const signature = createHmac('sha256', 'v2:' + process.env.SECRET)
    .update(['v2', method, target, time, nonce, type, '', hash, ...lines].join('\n'))
    .digest('hex');
  const response = await fetch('${origin}' + target, {
    method,
    headers: {
      'X-API-Key': process.env.KEY_ID + ':' + signature,
      'X-Signature-Version': '2',
      'X-Timestamp': time,
      'X-Nonce': nonce,
      ...(type && { 'Content-Type': type }),
      ...(names.length > 0 && { 'X-Signature-Headers': names.join(';'), ...more }),
    },
    ...(body && { body }),
  });
  console.log(response.status, await response.json());
}

await call('POST', '/v1/payments', JSON.stringify({ amount: 1000, currency: 'XOF' }));
await call('GET', '/v1/payments?limit=1', '', { prefer: 'wait=5' });`,
  ],
  [
    'Python',
    String.raw`import hashlib, hmac, json, os, secrets, time, urllib.request

def call(method, target, body=b"", more={}):
    moment, nonce = str(int(time.time())), secrets.token_hex(16)
    kind = "application/json" if body else ""
    names = sorted(more)  # in lower case
    lines = ["v2", method, target, moment, nonce, kind, "", hashlib.sha256(body).hexdigest()]
    text = "\n".join(lines + [name + ":" + more[name] for name in names])
    key = ("v2:" + os.environ["SECRET"]).encode()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    headers = {
        "X-API-Key": os.environ["KEY_ID"] + ":" + signature,
        "X-Signature-Version": "2",
        "X-Timestamp": moment,
        "X-Nonce": nonce,
    }
    if body:
        headers["Content-Type"] = kind
    if more:
        headers.update(more, **{"X-Signature-Headers": ";".join(names)})
    request = urllib.request.Request("${origin}" + target, body or None, headers, method=method)
    with urllib.request.urlopen(request) as response:
        print(response.status, response.read().decode())

call("POST", "/v1/payments", json.dumps({"amount": 1000, "currency": "XOF"}).encode())
call("GET", "/v1/payments?limit=1", more={"prefer": "wait=5"})`,
  ],
];

/** The source document's form: over the body alone. */
export const bodySigningCurl = (origin: string): string =>
  `BODY='{"amount":1000,"currency":"XOF"}'
SIGNATURE=$(printf %s "$BODY" | openssl dgst -sha256 -hmac "$SECRET" -r | cut -d' ' -f1)
curl -i '${origin}/v1/payments' -H 'Content-Type: application/json' -H "X-API-Key: $KEY_ID:$SIGNATURE" -d "$BODY"`;
