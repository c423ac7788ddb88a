// Signing up: what a browser begins, the link that is mailed, and what confirms it. A sign-up makes no account and takes no
// address: whoever signs up with somebody else's address changes nothing for its owner, who gets in by any link that was
// mailed there, whoever asked for it.

import { hashPassword } from 'better-auth/crypto';
import { newId } from '../core/ids.ts';
import { readAddressLink, readAsked, signAddressLink, signAsked } from './address-link.ts';
import type { SignUp, SignUpStore } from './sign-up-store.ts';

export interface Wanted {
  name: string;
  email: string;
  password: string;
}

interface Ports {
  store: SignUpStore;
  secret: string;
  mayAsk(kind: 'verify' | 'alreadyHere', email: string): Promise<boolean>;
  mail(kind: 'verify' | 'alreadyHere', email: string, name: string, path: string): Promise<unknown>;
  keepAlive(work: Promise<unknown>): void;
}

/** What the account of an address is made of that needs no link; undefined where it has one. */
const createProven = (store: SignUpStore) =>
  async function proven({ name, email, password }: Wanted): Promise<SignUp | undefined> {
    if (await store.hasAccount(email)) return undefined;
    const passwordHash = await hashPassword(password);
    await store.replace(email);
    return { name, email, passwordHash };
  };

export function createSignUps({ store, secret, mayAsk, mail, keepAlive }: Ports) {
  const mailLink = async (id: string, { email, name }: SignUp) =>
    mail('verify', email, name, `/verify?token=${await signAddressLink(secret, id)}`);

  async function start(id: string, wanted: SignUp): Promise<void> {
    const { email, name } = wanted;
    const isKnown = await store.hasAccount(email);
    if (!(await mayAsk(isKnown ? 'alreadyHere' : 'verify', email))) return;
    if (isKnown) return void (await mail('alreadyHere', email, name, '/sign-in'));
    await store.keep(id, wanted);
    await mailLink(id, wanted);
  }

  /** `asked`: the sign-up began in this browser. */
  async function find(token: string, cookie: string | undefined) {
    const [id, asked] = await Promise.all([readAddressLink(secret, token), readAsked(secret, cookie)]);
    const signUp = id === undefined ? undefined : await store.open(id);
    if (id === undefined || !signUp) return undefined;
    return { id, signUp, asked: asked?.signUpId === id ? asked : undefined };
  }

  return {
    /**
     * The same answer, in the same time, whether the address has an account or not: what the browser that signed up
     * carries from now on. `back`: where it wanted to go.
     */
    async begin(wanted: Wanted & { back: string }): Promise<string> {
      const { name, email, password, back } = wanted;
      const id = newId();
      const passwordHash = await hashPassword(password);
      keepAlive(start(id, { name, email, passwordHash }));
      return signAsked(secret, { signUpId: id, back });
    },
    proven: createProven(store),
    /** The link again, for the browser that signed up. */
    async sendAgain(cookie: string | undefined): Promise<void> {
      const id = (await readAsked(secret, cookie))?.signUpId;
      const signUp = id === undefined ? undefined : await store.open(id);
      if (id !== undefined && signUp && (await mayAsk('verify', signUp.email)))
        keepAlive(mailLink(id, signUp));
    },
    /** What a link is for; undefined when it is over. `isAsker`: this browser signed up. */
    async pending(
      token: string,
      cookie: string | undefined,
    ): Promise<{ email: string; name: string; isAsker: boolean } | undefined> {
      const { signUp, asked } = (await find(token, cookie)) ?? {};
      return signUp && { email: signUp.email, name: signUp.name, isAsker: asked !== undefined };
    },
    /**
     * What the account of the address is made of. In the browser that signed up, what was typed there. In any other,
     * `chosen`: whoever opened the mail owns the address, and whoever signed up may be somebody else.
     */
    async confirm(
      token: string,
      proof: { asked?: string; chosen?: { name: string; password: string } },
    ): Promise<(SignUp & { back?: string }) | undefined> {
      const { id, signUp, asked } = (await find(token, proof.asked)) ?? {};
      const { chosen } = proof;
      if (id === undefined || !signUp || !(asked || chosen)) return undefined;
      const typed =
        asked || !chosen
          ? signUp
          : { ...signUp, name: chosen.name, passwordHash: await hashPassword(chosen.password) };
      await store.end(id, signUp.email);
      return { ...typed, back: asked?.back };
    },
  };
}
