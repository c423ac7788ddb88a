// How an OAuth client proves itself, and what its tokens are bound to: shown, and changed in the form of its key.

import * as z from 'zod';
import type { KeyView } from '../../keys/key-view-store.ts';
import { AUTH_METHODS, type OAuthClient, oauthClient, SECRET_CLIENT } from '../../keys/oauth-client.ts';
import { Area, Field, Select } from '../../web/components/form.tsx';
import { FieldsRefused } from '../../web/forms.ts';
import type { Messages } from '../../web/messages/messages.ts';
import { useView } from '../../web/view-context.ts';
import type { FormValues } from '../../web/web.ts';

const BINDINGS = ['any', 'dpop', 'certificate', 'both'] as const;
const MAX_JWKS_CHARS = 10_000;

export const clientFields = {
  auth_method: z.enum(AUTH_METHODS).optional(),
  jwks: z.string().max(MAX_JWKS_CHARS).optional(),
  certificate: z.string().max(200).optional(),
  binding: z.enum(BINDINGS).optional(),
};
type Typed = Partial<{ [Name in keyof typeof clientFields]: z.output<(typeof clientFields)[Name]> }>;

const clientOf = ({ client }: KeyView): OAuthClient => client ?? SECRET_CLIENT;

function bindingOf(client: OAuthClient): (typeof BINDINGS)[number] {
  const ofKey = client.dpop_bound_access_tokens === true;
  const ofCertificate = client.tls_client_certificate_bound_access_tokens === true;
  if (ofKey && ofCertificate) return 'both';
  return ofKey ? 'dpop' : ofCertificate ? 'certificate' : 'any';
}

/** What the fields hold before anybody types. */
export const savedClient = (key: KeyView): FormValues => savedOf(clientOf(key));

function savedOf(client: OAuthClient) {
  return {
    auth_method: client.token_endpoint_auth_method,
    jwks: client.jwks ? JSON.stringify(client.jwks, null, 2) : '',
    certificate: client.tls_client_certificate_sha256 ?? '',
    binding: bindingOf(client),
  };
}

const isSame = (a: OAuthClient, b: OAuthClient): boolean =>
  JSON.stringify(savedOf(a)) === JSON.stringify(savedOf(b));

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/**
 * What was typed, of what it was chosen for: keys of a client with a secret are nobody's. Undefined where the form had none of it, or
 * says what is so already. @throws FieldsRefused
 */
export function typedClient(
  key: KeyView,
  { auth_method: method, jwks = '', certificate = '', binding = 'any' }: Typed,
  m: Messages,
): OAuthClient | undefined {
  if (key.kind !== 'oauth' || method === undefined) return undefined;
  const result = oauthClient.safeParse({
    token_endpoint_auth_method: method,
    ...(method === 'private_key_jwt' && jwks.trim() !== '' && { jwks: parsed(jwks) }),
    ...(certificate.trim() !== '' && { tls_client_certificate_sha256: certificate.trim() }),
    ...((binding === 'dpop' || binding === 'both') && { dpop_bound_access_tokens: true }),
    ...((binding === 'certificate' || binding === 'both') && {
      tls_client_certificate_bound_access_tokens: true,
    }),
  });
  if (result.success) return isSame(result.data, clientOf(key)) ? undefined : result.data;
  const isOfKeys = result.error.issues.some(({ path }) => path[0] === 'jwks');
  throw new FieldsRefused(isOfKeys ? { jwks: m.clients.badKeys } : { certificate: m.clients.badCertificate });
}

export const ClientFields = () => {
  const { m } = useView();
  const { clients } = m;
  return (
    <>
      <Select
        name="auth_method"
        label={clients.method}
        options={AUTH_METHODS.map((method) => [method, clients.methods[method]] as const)}
      />
      <Area name="jwks" label={clients.keys} hint={clients.keysHint} />
      <Field name="certificate" label={clients.certificate} hint={clients.certificateHint} />
      <Select
        name="binding"
        label={clients.binding}
        options={BINDINGS.map((binding) => [binding, clients.bindings[binding]] as const)}
      />
      <p class="hint">
        <a href="/docs/oauth">{m.nav.docs}</a>
      </p>
    </>
  );
};

export const ClientFacts = ({ apiKey }: { apiKey: KeyView }) => {
  const { origin, m } = useView();
  const client = clientOf(apiKey);
  return (
    <>
      <dt>{m.clients.method}</dt>
      <dd>{m.clients.methods[client.token_endpoint_auth_method]}</dd>
      <dt>{m.clients.binding}</dt>
      <dd>{m.clients.bindings[bindingOf(client)]}</dd>
      <dt>{m.clients.endpoint}</dt>
      <dd class="mono">{`${origin}/oauth/token`}</dd>
    </>
  );
};
