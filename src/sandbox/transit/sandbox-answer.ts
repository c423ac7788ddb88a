// What the sandbox answers a call of the transit API with. Refusals are `{"error": text}`, in the live API's words.

export interface SandboxAnswer {
  status: number;
  body: object;
}

export const ok = (body: object): SandboxAnswer => ({ status: 200, body });
export const bad = (error: string): SandboxAnswer => ({ status: 400, body: { error } });
export const missing = (error: string): SandboxAnswer => ({ status: 404, body: { error } });
