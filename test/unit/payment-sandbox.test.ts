// Every answer of the payment sandbox is what the document says.

import { expect, it } from 'vitest';
import payments from '../../src/catalog/payments.openapi.json' with { type: 'json' };
import { CARDS, type PaymentObject, paymentSandbox } from '../../src/sandbox/payments/payments.ts';
import { answerChecks } from '../support/document-answers.ts';

const wrongOf = answerChecks(payments);

/** An account of its own; what is wrong with its answers gathers in `wrong`. */
function account() {
  const items = new Map<string, PaymentObject>();
  const store = {
    get: (id: string) => items.get(id),
    put: (item: PaymentObject) => void items.set(item.id, item),
    list: (object: string, limit: number) =>
      [...items.values()].filter((item) => item.object === object).slice(0, limit),
  };
  const wrong: string[] = [];
  const ask = (method: string, target: string, body?: unknown) => {
    const [path = '', query] = target.split('?');
    const answer = paymentSandbox(store, {
      method,
      path,
      query: new URLSearchParams(query),
      body,
      now: '2026-11-29T08:00:00.000Z',
      newId: (prefix) => `${prefix}_${items.size + 1}`,
    });
    const sent = JSON.parse(JSON.stringify(answer.body));
    const problem = wrongOf(target, answer.status, sent, method.toLowerCase());
    if (problem) wrong.push(problem);
    return { status: answer.status, body: sent };
  };
  return { ask, wrong };
}

it.for([...Object.keys(CARDS), '1234'])('card %s: paid, refunded, confirmed, found and listed', (number) => {
  const { ask, wrong } = account();
  const card = { number };
  const terms = { amount: 1000, currency: 'XOF' };
  const { body: customer } = ask('POST', '/v1/customers', {
    email: 'a@example.com',
    name: 'A',
    phone: '+221',
  });
  const { body: paid } = ask('POST', '/v1/payments', { ...terms, card, customer: customer.id });
  const id = paid.id ?? paid.payment?.id ?? 'pay_0';
  const { body: intent } = ask('POST', '/v1/payment_intents', { ...terms, description: 'Tea' });
  const targets = [
    ['POST', `/v1/payments/${id}/refunds`, { amount: 400, reason: 'Cold' }],
    ['POST', `/v1/payments/${id}/refunds`, { amount: 700 }],
    ['POST', `/v1/payments/${id}/refunds`, {}],
    ['POST', `/v1/payment_intents/${intent.id}/confirm`, { card }],
    ['POST', `/v1/payment_intents/${intent.id}/confirm`, {}],
    ['GET', `/v1/payment_intents/${intent.id}`],
    ['GET', `/v1/customers/${customer.id}`],
    ['GET', `/v1/payments/${id}`],
    ['GET', '/v1/payments?limit=1'],
    ['GET', '/v1/payment_intents'],
  ] as const;
  const statuses = targets.map(([method, target, body]) => ask(method, target, body).status);
  expect(wrong).toEqual([]);
  expect(statuses.slice(-2)).toEqual([200, 200]);
});

it('what is refused is what the document says', () => {
  const { ask, wrong } = account();
  const statuses = [
    ask('POST', '/v1/payments', { amount: -5.5 }),
    ask('POST', '/v1/payments', { amount: 5, currency: 'XOF', customer: 'cus_0' }),
    ask('POST', '/v1/payment_intents', {}),
    ask('POST', '/v1/customers', { email: 'nobody' }),
    ask('POST', '/v1/payments/pay_0/refunds', {}),
    ask('POST', '/v1/payment_intents/pi_0/confirm', {}),
    ask('GET', '/v1/payments/pay_0'),
    ask('GET', '/v1/payment_intents/pi_0'),
    ask('GET', '/v1/customers/cus_0'),
    ask('GET', '/v1/refunds/re_0'),
  ].map(({ status }) => status);
  expect(wrong).toEqual([]);
  expect(statuses).toEqual([400, 400, 400, 400, 404, 404, 404, 404, 404, 404]);
});
