// Where the demo's working endpoint receives its webhooks: each is taken. On your machine only.

export const RECEIVER_PATH = '/dev/webhooks';

export const receive = (): Response => new Response(null, { status: 204 });
