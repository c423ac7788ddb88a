// The name that the process of the stack and the Worker in workerd share.

/** Carries the token of the run; the answer is an Activity. */
export const ORDER_HEADER = 'x-passerelle-drain';
