// The Durable Objects alone, for the tests that run inside workerd.

export { KeyLimiter } from '../../durable-objects/key-limiter.ts';
export { PartnerLimiter } from '../../durable-objects/partner-limiter.ts';
export { PaymentSandbox } from '../../durable-objects/payment-sandbox.ts';

export default { fetch: () => new Response('objects') };
