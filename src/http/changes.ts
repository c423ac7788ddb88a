// A change that somebody whom we know is about to make is announced a second later, also when the request dies with its
// commit. Strangers make none, and cost no message.

const READS = new Set(['GET', 'HEAD', 'OPTIONS']);

export interface ChangeServices {
  carryOn(): Promise<void>;
}

export const isChange = (method: string): boolean => !READS.has(method);

export function announceAhead(context: {
  req: { method: string };
  executionCtx: { waitUntil(work: Promise<unknown>): void };
  var: { services: ChangeServices };
}): void {
  if (isChange(context.req.method)) context.executionCtx.waitUntil(context.var.services.carryOn());
}
