// The simulated payment API: what each card does, refunds, intents. Pure; the shell keeps the objects.

import * as z from 'zod';

export type PaymentObject = { id: string; object: string } & Record<string, unknown>;

/** Objects of one account. */
export interface PaymentStore {
  get(id: string): PaymentObject | undefined;
  put(item: PaymentObject): void;
  /** Newest first. */
  list(object: string, limit: number): PaymentObject[];
}

export interface PaymentCall {
  method: string;
  path: string;
  query: URLSearchParams;
  body: unknown;
  now: string;
  newId(prefix: string): string;
}

/** A call as the account's object is asked it. */
export interface PaymentRequest {
  method: string;
  path: string;
  query: string;
  /** JSON text, or empty. */
  body: string;
  idempotencyKey: string | null;
}

export interface PaymentAnswer {
  status: number;
  body: unknown;
}

/** Card number -> what happens. Others are refused as invalid. */
export const CARDS: Record<
  string,
  { status: 'succeeded' | 'failed' | 'requires_action'; code?: string; brand: string }
> = {
  '4242424242424242': { status: 'succeeded', brand: 'visa' },
  '4000000000000002': { status: 'failed', code: 'card_declined', brand: 'visa' },
  '4000000000009995': { status: 'failed', code: 'fraud_detected', brand: 'visa' },
  '4000002500003155': { status: 'requires_action', brand: 'visa' },
};

const FAILURES: Record<string, string> = {
  card_declined: 'The card was declined',
  fraud_detected: 'The payment was blocked by fraud detection',
};

const amount = z.int().min(1).max(99_999_999);
const currency = z.string().regex(/^[A-Z]{3}$/);
const card = z.object({ number: z.string() });
const newPayment = z.object({
  amount,
  currency,
  card: card.optional(),
  customer: z.string().optional(),
  description: z.string().max(500).optional(),
});
const newIntent = newPayment.omit({ card: true });
const newRefund = z.object({ amount: amount.optional(), reason: z.string().max(500).optional() });
const newCustomer = z.object({
  email: z.email(),
  name: z.string().max(200).optional(),
  phone: z.string().max(50).optional(),
});

const error = (status: number, code: string, message: string, more: object = {}): PaymentAnswer => ({
  status,
  body: { error: code, message, ...more },
});
const missing = (): PaymentAnswer => error(404, 'not_found', 'No such object');

function parsed<T>(schema: z.ZodType<T>, body: unknown): { value: T } | { answer: PaymentAnswer } {
  const result = schema.safeParse(body);
  if (result.success) return { value: result.data };
  const details = result.error.issues.map((issue) => ({
    field: issue.path.join('.'),
    message: issue.message,
  }));
  return { answer: error(400, 'validation_error', 'Some fields are missing or not valid', { details }) };
}

function pay(store: PaymentStore, call: PaymentCall, terms: z.infer<typeof newPayment>): PaymentAnswer {
  const number = (terms.card?.number ?? '4242424242424242').replace(/[\s-]/g, '');
  const outcome = CARDS[number];
  if (!outcome) return error(402, 'invalid_card', 'The sandbox knows only the simulated cards');
  if (terms.customer && !store.get(terms.customer)) return error(400, 'validation_error', 'No such customer');
  const payment: PaymentObject = {
    id: call.newId('pay'),
    object: 'payment',
    status: outcome.status,
    amount: terms.amount,
    amount_refunded: 0,
    currency: terms.currency,
    customer: terms.customer ?? null,
    description: terms.description ?? null,
    card: { brand: outcome.brand, last4: number.slice(-4) },
    next_action:
      outcome.status === 'requires_action' ? { type: 'three_d_secure', url: '/v1/payment_intents' } : null,
    failure_code: outcome.code ?? null,
    created_at: call.now,
  };
  store.put(payment);
  if (outcome.code)
    return error(402, outcome.code, FAILURES[outcome.code] ?? 'The payment failed', { payment });
  return { status: 201, body: payment };
}

function refund(store: PaymentStore, call: PaymentCall, paymentId: string): PaymentAnswer {
  const payment = store.get(paymentId);
  if (payment?.object !== 'payment') return missing();
  const terms = parsed(newRefund, call.body ?? {});
  if ('answer' in terms) return terms.answer;
  if (payment.status !== 'succeeded')
    return error(400, 'not_refundable', 'Only succeeded payments can be refunded');
  const left = Number(payment.amount) - Number(payment.amount_refunded);
  const units = terms.value.amount ?? left;
  if (units > left || left === 0)
    return error(400, 'refund_too_large', 'The refund is larger than what is left', { left });
  const made: PaymentObject = {
    id: call.newId('re'),
    object: 'refund',
    payment: paymentId,
    amount: units,
    currency: payment.currency,
    status: 'succeeded',
    reason: terms.value.reason ?? null,
    created_at: call.now,
  };
  store.put(made);
  store.put({ ...payment, amount_refunded: Number(payment.amount_refunded) + units });
  return { status: 201, body: made };
}

function confirm(store: PaymentStore, call: PaymentCall, id: string): PaymentAnswer {
  const intent = store.get(id);
  if (intent?.object !== 'payment_intent') return missing();
  if (intent.status === 'succeeded') return { status: 200, body: intent };
  const terms = parsed(z.object({ card: card.optional() }), call.body ?? {});
  if ('answer' in terms) return terms.answer;
  if (intent.status === 'requires_action' && !terms.value.card) {
    const settled = { ...intent, status: 'succeeded' };
    store.put(settled);
    const payment = store.get(String(intent.payment));
    if (payment) store.put({ ...payment, status: 'succeeded', next_action: null });
    return { status: 200, body: settled };
  }
  const made = pay(store, call, { ...newIntent.parse(intentTerms(intent)), card: terms.value.card });
  if (made.status !== 201) return made;
  const payment = made.body as PaymentObject;
  const confirmed = { ...intent, status: payment.status, payment: payment.id };
  store.put(confirmed);
  return { status: 200, body: confirmed };
}

const intentTerms = ({ amount, currency, customer, description }: PaymentObject): object => ({
  amount,
  currency,
  customer: customer ?? undefined,
  description: description ?? undefined,
});

function create(store: PaymentStore, call: PaymentCall, kind: string): PaymentAnswer {
  if (kind === 'payments') {
    const terms = parsed(newPayment, call.body);
    return 'answer' in terms ? terms.answer : pay(store, call, terms.value);
  }
  const isIntent = kind === 'payment_intents';
  const terms = parsed<object>(isIntent ? newIntent : newCustomer, call.body);
  if ('answer' in terms) return terms.answer;
  const base = { id: call.newId(isIntent ? 'pi' : 'cus'), object: isIntent ? 'payment_intent' : 'customer' };
  const own = isIntent ? { status: 'requires_confirmation', payment: null } : {};
  const made: PaymentObject = { ...base, ...terms.value, ...own, created_at: call.now };
  store.put(made);
  return { status: 201, body: made };
}

const OBJECTS: Record<string, string> = {
  payments: 'payment',
  payment_intents: 'payment_intent',
  customers: 'customer',
  refunds: 'refund',
};

/** Answers one call of `/v1/…`. */
export function paymentSandbox(store: PaymentStore, call: PaymentCall): PaymentAnswer {
  const [, , kind = '', id, action] = call.path.split('/');
  const object = OBJECTS[kind];
  if (!object) return missing();
  if (call.method === 'POST') {
    if (id === undefined) return create(store, call, kind);
    if (kind === 'payments' && action === 'refunds') return refund(store, call, id);
    if (kind === 'payment_intents' && action === 'confirm') return confirm(store, call, id);
    return missing();
  }
  if (id === undefined) {
    const limit = Math.min(100, Math.max(1, Number(call.query.get('limit') ?? 20) || 20));
    const data = store.list(object, limit + 1);
    return { status: 200, body: { data: data.slice(0, limit), has_more: data.length > limit } };
  }
  const item = store.get(id);
  return item?.object === object ? { status: 200, body: item } : missing();
}
