import { expect, it } from 'vitest';
import { checkCertificate } from '../../src/operator/admin-routes.ts';

const good = { certPresented: '1', certVerified: 'SUCCESS', certRevoked: '0' };

it('a client certificate that Cloudflare verified is accepted', () => {
  expect(() => checkCertificate({ cf: { tlsClientAuth: good } as never })).not.toThrow();
});

it.for([
  ['none', undefined],
  ['not presented', { ...good, certPresented: '0' }],
  ['not verified', { ...good, certVerified: 'FAILED:self signed certificate' }],
  ['revoked', { ...good, certRevoked: '1' }],
] as const)('%s is refused', ([, tlsClientAuth]) => {
  expect(() => checkCertificate({ cf: { tlsClientAuth } as never })).toThrow(/client certificate/);
});
