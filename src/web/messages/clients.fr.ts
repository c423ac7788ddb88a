// What pages say of OAuth clients, in French.

import type { clientsEn } from './clients.en.ts';

export const clientsFr: typeof clientsEn = {
  method: 'Se prouve par',
  methods: {
    client_secret: 'son secret',
    private_key_jwt: 'une assertion qu’il signe',
    self_signed_tls_client_auth: 'son certificat',
  },
  keys: 'Clés publiques (JWKS)',
  keysHint: 'Pour les assertions signées : {"keys": […]}, cinq au plus. Jamais de clé privée.',
  badKeys: 'Collez un JWKS d’une à cinq clés publiques : EC, Ed25519, ou RSA d’au moins 2 048 bits.',
  certificate: 'SHA-256 de son certificat',
  certificateHint: '64 chiffres hexadécimaux, avec ou sans deux-points.',
  badCertificate: 'Indiquez le SHA-256 du certificat : 64 chiffres hexadécimaux.',
  binding: 'Ses jetons',
  bindings: {
    any: 'servent à qui les détient, sauf si le client montre une clé DPoP',
    dpop: 'sont toujours liés à une clé DPoP',
    certificate: 'sont toujours liés à son certificat',
    both: 'sont toujours liés aux deux',
  },
  endpoint: 'Endpoint des jetons',
};
