// What programs discover: how tokens are got here (RFC 8414), and which resources take them (RFC 9728).

import { PROOF_ALGORITHMS } from '../core/challenge.ts';
import { ASSERTION_ALGORITHMS, AUTH_METHODS } from '../keys/oauth-client.ts';

/** As the standards name what our clients may do: a secret goes in the header or in the form. */
const METHODS = AUTH_METHODS.flatMap((method) =>
  method === 'client_secret' ? ['client_secret_basic', 'client_secret_post'] : [method],
);
const authentication = (endpoint: 'token' | 'introspection' | 'revocation') => ({
  [`${endpoint}_endpoint_auth_methods_supported`]: METHODS,
  [`${endpoint}_endpoint_auth_signing_alg_values_supported`]: ASSERTION_ALGORITHMS,
});

export const serverMetadata = (issuer: string, scopes: readonly string[]) => ({
  issuer,
  // No client may use it yet, as it says itself: but programs take no server without one.
  authorization_endpoint: `${issuer}/oauth/authorize`,
  token_endpoint: `${issuer}/oauth/token`,
  introspection_endpoint: `${issuer}/oauth/introspect`,
  revocation_endpoint: `${issuer}/oauth/revoke`,
  jwks_uri: `${issuer}/.well-known/jwks.json`,
  scopes_supported: scopes,
  response_types_supported: [],
  grant_types_supported: ['client_credentials'],
  ...authentication('token'),
  ...authentication('introspection'),
  ...authentication('revocation'),
  dpop_signing_alg_values_supported: PROOF_ALGORITHMS,
  tls_client_certificate_bound_access_tokens: true,
  service_documentation: `${issuer}/docs/oauth`,
  protected_resources: [issuer],
});

/** `path`: of the resource, below the origin; empty for all of it. */
export const resourceMetadata = (issuer: string, path: string, scopes: readonly string[]) => ({
  resource: `${issuer}${path}`,
  authorization_servers: [issuer],
  jwks_uri: `${issuer}/.well-known/jwks.json`,
  scopes_supported: scopes,
  bearer_methods_supported: ['header'],
  dpop_signing_alg_values_supported: PROOF_ALGORITHMS,
  tls_client_certificate_bound_access_tokens: true,
  resource_documentation: `${issuer}/docs`,
});
