// What pages say of OAuth clients, in English.

export const clientsEn = {
  method: 'Proves itself by',
  methods: {
    client_secret: 'its secret',
    private_key_jwt: 'an assertion that it signs',
    self_signed_tls_client_auth: 'its certificate',
  },
  keys: 'Public keys (JWKS)',
  keysHint: 'For signed assertions: {"keys": […]}, up to five. Never a private key.',
  badKeys: 'Paste a JWKS of one to five public keys: EC, Ed25519, or RSA of at least 2,048 bits.',
  certificate: 'SHA-256 of its certificate',
  certificateHint: '64 hexadecimal digits, with colons or without.',
  badCertificate: 'Enter the SHA-256 of the certificate: 64 hexadecimal digits.',
  binding: 'Its tokens',
  bindings: {
    any: 'work for whoever holds them, unless the client shows a DPoP key',
    dpop: 'are always bound to a DPoP key',
    certificate: 'are always bound to its certificate',
    both: 'are always bound to both',
  },
  endpoint: 'Token endpoint',
};
