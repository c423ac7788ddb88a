// The guides in English.

import type { View } from '../../../web/view.ts';
import { Snippets } from './snippet-list.tsx';
import { bodySigningCurl, callSnippets, signingSnippets } from './snippets.ts';

export const FirstCall = (view: View) => (
  <>
    <p>Two minutes, three steps. You need nothing but a terminal.</p>
    <ol>
      <li>
        <a href="/sign-up">Sign up</a>, make an app, and make a <b>test key</b> in it. Its secret is shown
        once: save it.
      </li>
      <li>Paste the line that comes with it. It is one of these, with your key filled in.</li>
      <li>
        See the call under <a href="/portal/requests">Requests</a>. It arrives within a second or two.
      </li>
    </ol>
    <Snippets list={callSnippets(view.origin)} />
    <h2>What you get</h2>
    <p>
      JSON, and headers that say what is left of your limits. Every answer has an <code>X-Request-Id</code>:
      paste it into Requests to see that call, and give it to us when you ask for help.
    </p>
    <p>
      Test keys (<code>pk_test_</code>) are answered by the <a href="/portal/sandbox">sandbox</a>: a small
      network of Dakar and simulated cards. Nothing you do there costs anything.
    </p>
  </>
);

const WholeRequest = (view: View) => (
  <>
    <p>
      A <b>signing key</b> has an id (<code>ak_…</code>) and a secret (<code>sk_…</code>). The secret never
      travels: you send the id, and an HMAC-SHA256 in hex of what you ask for.
    </p>
    <p>
      There are two forms. {view.m.keys.signatureWorth.bound} {view.m.keys.signatureWorth.body}
    </p>
    <h2>Signing the whole request</h2>
    <p>
      Four headers: <code>X-Signature-Version: 2</code>, <code>X-Timestamp</code> (Unix seconds, at most five
      minutes off), <code>X-Nonce</code> (16 to 128 letters, digits, <code>_</code> or <code>-</code>, never
      used before with this key) and{' '}
      <code>X-API-Key: ak_…:&lt;hex HMAC-SHA256("v2:" + secret, text)&gt;</code>. The text is these eight
      lines, joined by one newline each, with none at the end:
    </p>
    <ol>
      <li>
        <code>v2</code>
      </li>
      <li>the method, in capitals</li>
      <li>
        path and query exactly as your client sends them: from the <code>/</code> after the host to the end,
        percent-encoding, order and an empty <code>?</code> untouched, no fragment
      </li>
      <li>
        the value of <code>X-Timestamp</code>
      </li>
      <li>
        the value of <code>X-Nonce</code>
      </li>
      <li>
        the value of <code>Content-Type</code>, or an empty line when you send none
      </li>
      <li>
        the value of <code>Idempotency-Key</code>, or an empty line when you send none
      </li>
      <li>SHA-256 of the bytes of the body, in lower-case hex; of nothing when there is no body</li>
    </ol>
    <p>
      <b>Other headers.</b> The API is told the headers that are signed, and no others. To have more of them
      signed, name them in <code>X-Signature-Headers</code> (lower case, sorted, each once, up to 32, joined
      by <code>;</code>), send each of them, and add to the text one line for each, in that order:{' '}
      <code>name:value</code>, the value without spaces around it, in ASCII. Whatever would change what is
      done (<code>Prefer</code>, <code>If-Match</code>, <code>If-None-Match</code>,{' '}
      <code>If-Modified-Since</code>, <code>If-Unmodified-Since</code>, <code>Range</code>,{' '}
      <code>Content-Encoding</code>, <code>X-Sandbox-Simulate</code>, every header that the reference shows)
      is refused with 401 when it is not signed. What clients and proxies add by themselves (
      <code>Accept</code>, <code>Accept-Language</code>, <code>User-Agent</code>, <code>Cache-Control</code>,{' '}
      <code>Pragma</code>, <code>Priority</code>) is left out when it is not signed.{' '}
      <code>Accept-Encoding</code> cannot be signed and is never passed on.
    </p>
    <p>
      Put your key's id into <code>KEY_ID</code> and its secret into <code>SECRET</code>, in the environment,
      and run one of these. Each takes a payment and lists it, with a header of its own that is signed, too.
    </p>
    <Snippets list={signingSnippets(view.origin)} />
  </>
);

const BodyAlone = (view: View) => (
  <>
    <h2>Signing the body alone</h2>
    <p>
      <code>X-API-Key: ak_…:&lt;hex HMAC-SHA256(secret, body)&gt;</code>, and none of the other headers above.
      It works for calls that have a body, unless the key, your account or the call asks for the whole
      request; never for calls without a body, nor under <code>/dashboard</code>. Its answers carry a{' '}
      <code>Link</code> header to this page. A body that begins with up to twelve digits and a dot is refused.
    </p>
    <Snippets list={[['curl', bodySigningCurl(view.origin)]]} />
    <h2>Usual mistakes</h2>
    <ul>
      <li>Signing an object and sending another serialisation of it. Sign the bytes that you send.</li>
      <li>
        A trailing newline from the shell: use <code>printf %s</code>, not <code>echo</code>.
      </li>
      <li>
        A header that your client adds by itself: many send a <code>Content-Type</code> with every body, some
        an <code>If-None-Match</code>. Set it yourself.
      </li>
      <li>A query that your client encodes anew. Sign the address that leaves.</li>
      <li>
        Trying again with the same nonce: sign again. The <code>Idempotency-Key</code> stays the same.
      </li>
    </ul>
  </>
);

export const Signing = (view: View) => (
  <>
    {WholeRequest(view)}
    {BodyAlone(view)}
  </>
);

export const Limits = (_view: View) => (
  <>
    <p>
      There are three kinds of limits, and all are counted exactly: what limits you is what you see is what is
      billed.
    </p>
    <ul>
      <li>
        <b>Per second</b>, shared by the keys of a partner: in any second, however you lay it. There is no
        window's edge where twice the limit fits.
      </li>
      <li>
        <b>Burst</b>, for each key: a bucket of tokens that fills steadily.
      </li>
      <li>
        <b>Per day and per month</b>, in UTC. Refused calls and calls that failed on our side cost nothing.
      </li>
    </ul>
    <h2>Headers of every answer</h2>
    <ul>
      <li>
        <code>X-RateLimit-Limit-Second|Day|Month</code>, <code>X-RateLimit-Remaining-…</code>,{' '}
        <code>X-RateLimit-Reset-…</code> (Unix seconds)
      </li>
      <li>
        <code>RateLimit</code> and <code>RateLimit-Policy</code>, as the IETF draft writes them
      </li>
      <li>
        <code>Retry-After</code> on 429 and 503: no earlier call is admitted
      </li>
    </ul>
    <h2>When you are refused</h2>
    <p>
      429 with <code>limit_type</code>, <code>limit</code>, <code>retry_after</code> and, for quotas,{' '}
      <code>reset_at</code>. Wait that long; a little jitter helps when many programs wait for the same
      moment. Try it now: the sandbox can spend a test key's day at a click.
    </p>
  </>
);

export const Errors = (_view: View) => (
  <>
    <p>
      Errors are JSON: <code>error</code> (a code that does not change), <code>message</code> (for people),{' '}
      <code>request_id</code>. Decide by the code and the status, never by the message.
    </p>
    <ul>
      <li>
        <b>400, 404, 405, 413, 422</b>: the request is wrong. Trying again gives the same.
      </li>
      <li>
        <b>401, 403</b>: the key is. Unknown, revoked and expired keys are answered alike.
      </li>
      <li>
        <b>429</b>: a limit. Try again after <code>Retry-After</code>.
      </li>
      <li>
        <b>502, 503, 504</b>: our side or the upstream. Not billed. Try again with growing pauses.
      </li>
    </ul>
    <p>
      When you repeat a POST, send the same <code>Idempotency-Key</code>: what was done once is not done
      twice.
    </p>
    <p>
      <a href="/docs/errors">Every code has its page</a>.
    </p>
  </>
);

export const Webhooks = (_view: View) => (
  <>
    <p>
      Webhooks tell your server what happens: a key is rotated, a quota nears its end, an invoice is final.
      They follow <a href="https://www.standardwebhooks.com">Standard Webhooks</a>, so that a library verifies
      them.
    </p>
    <ul>
      <li>
        <code>webhook-id</code>: the same for each attempt. Keep it, and ignore what you have seen.
      </li>
      <li>
        <code>webhook-timestamp</code>: refuse what is older than five minutes.
      </li>
      <li>
        <code>webhook-signature</code>: HMAC-SHA256 of <code>id.timestamp.body</code> with your endpoint's
        secret (<code>whsec_…</code>).
      </li>
    </ul>
    <p>
      Answer 2xx within ten seconds and do the work afterwards. Anything else is tried again, with growing
      pauses.
    </p>
    <p>
      After the first try come others, 5 seconds, 5 minutes, 30 minutes, 2, 5, 10 and 10 hours later. An
      endpoint that fails for five days is switched off, and its owner told. Every attempt is in the log; one
      event can be sent again, or everything since a time.
    </p>
    <p>
      <a href="/portal/webhooks">Add an endpoint</a>, send it a test event, and read the{' '}
      <a href="/portal/webhooks/events">event types</a>.
    </p>
  </>
);

export const GoingLive = (_view: View) => (
  <>
    <p>
      A new account works with test keys. Live keys need an operator's approval; you see the state of it on
      the overview, and get a mail when it is done.
    </p>
    <h2>Before you ask</h2>
    <ul>
      <li>Your organisation's name is in Settings, and someone besides you is an owner.</li>
      <li>Your program waits when it is told to (429, Retry-After), and keeps request ids in its log.</li>
      <li>Keys are in a secret store, one for each program, with the fewest scopes that do.</li>
      <li>Two-factor sign-in is on.</li>
    </ul>
    <h2>On the day</h2>
    <ol>
      <li>Switch the portal to Live, and make a live key.</li>
      <li>List the addresses that it may be used from, if they are fixed.</li>
      <li>Deploy, and follow the first calls under Requests.</li>
    </ol>
    <h2>Later</h2>
    <p>
      Roll keys from time to time: the old secret keeps working for the grace period that you choose. Lost
      one? Roll it. Leaked one? Revoke it: it is refused everywhere from the next request on.
    </p>
  </>
);
