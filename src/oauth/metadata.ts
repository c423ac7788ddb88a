// What programs discover: how tokens are got here (RFC 8414), and which resources take them (RFC 9728).

import { PROOF_ALGORITHMS } from '../core/challenge.ts';
import { ASSERTION_ALGORITHMS, AUTH_METHODS } from '../keys/oauth-client.ts';

/** As the standards name what our clients may do: a secret goes in the header or in the form. */
const METHODS = AUTH_METHODS.flatMap((method) =>
  method === 'client_secret' ? ['client_secret_basic', 'client_secret_post'] : [method],
);
/** `none`: of programs, which prove nothing but what they show. */
const authentication = (endpoint: 'token' | 'introspection' | 'revocation', ...more: 'none'[]) => ({
  [`${endpoint}_endpoint_auth_methods_supported`]: [...METHODS, ...more],
  [`${endpoint}_endpoint_auth_signing_alg_values_supported`]: ASSERTION_ALGORITHMS,
});

export const serverMetadata = (issuer: string, scopes: readonly string[]) => ({
  issuer,
  authorization_endpoint: `${issuer}/oauth/authorize`,
  token_endpoint: `${issuer}/oauth/token`,
  introspection_endpoint: `${issuer}/oauth/introspect`,
  revocation_endpoint: `${issuer}/oauth/revoke`,
  jwks_uri: `${issuer}/.well-known/jwks.json`,
  scopes_supported: scopes,
  response_types_supported: ['code'],
  response_modes_supported: ['query'],
  grant_types_supported: ['client_credentials', 'authorization_code', 'refresh_token'],
  code_challenge_methods_supported: ['S256'],
  authorization_response_iss_parameter_supported: true,
  client_id_metadata_document_supported: true,
  ...authentication('token', 'none'),
  ...authentication('introspection'),
  ...authentication('revocation', 'none'),
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
