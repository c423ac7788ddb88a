// Accounts of people: sign-up, verification, sign-in, reset, sessions, second factor. A thin shell around better-auth:
// outcomes are values, cookies are handed back for the answer. Hashing costs some 0.3 s of CPU: ask the guard first.

import type { Actor } from '../audit/audit-store.ts';
import type { MailBudget } from '../mail/mail-budget.ts';
import type { Mailer } from '../mail/mailer.ts';
import type { Allowances } from '../platform/allowances.ts';
import type { Database } from '../platform/database.ts';
import { type AccountMails, type Caller, createAccountMails } from './account-mails.ts';
import { type Account, type AccountStore, createAccountStore } from './account-store.ts';
import { createAddressChanges } from './address-change.ts';
import { createAddressChangeStore } from './address-change-store.ts';
import { type AuthApi, createAuth } from './auth.ts';
import { currentSession } from './current-session.ts';
import { createDeletionStore, type DeletionStore } from './deletion-store.ts';
import type { ExternalIdentity } from './external-identity.ts';
import { createFactors } from './factor-service.ts';
import { createIdentityStore, type IdentityStore } from './identity-store.ts';
import { outcomeOf } from './outcome.ts';
import { createPasswords } from './password-service.ts';
import { createSessionStore } from './session-store.ts';
import { createSignUpStore, type SignUp, type SignUpStore } from './sign-up-store.ts';
import { createSignUps, type Wanted } from './sign-ups.ts';

export type { Caller } from './account-mails.ts';
export type { Account } from './account-store.ts';
export type { SignedIn } from './current-session.ts';

export interface AccountPorts {
  database: Database;
  secret: string;
  /** Of rotations, the newest first. */
  secrets?: { version: number; value: string }[];
  product: string;
  isSecure: boolean;
  cookieSuffix: string;
  mailer: Mailer;
  mayMail: MailBudget;
  allowances: Allowances;
  /** What a person let programs do ends with the account: tells the limiters. */
  announce(): Promise<unknown>;
}

const asResponse = true as const;

/** What the parts of one request's service share. */
interface Parts {
  api: AuthApi;
  caller: Caller;
  accounts: AccountStore;
  mails: AccountMails;
}

function signUpsOf({ api, caller, accounts, mails }: Parts, store: SignUpStore, secret: string) {
  const { keepAlive, headers, language } = caller;
  const signUps = createSignUps({ store, secret, mayAsk: mails.mayAsk, mail: mails.mail, keepAlive });
  async function make(body: SignUp) {
    const { data, cookies } = await outcomeOf<{ userId: string }>(
      api.makeAccount({ body: { ...body, language }, headers, asResponse }),
    );
    const account = data && (await accounts.find(data.userId));
    if (!account) return undefined;
    mails.send('welcome', account.email, account.name, '/portal');
    return { account, cookies };
  }
  return {
    signUp: signUps.begin,
    sendLinkAgain: signUps.sendAgain,
    pendingAddress: signUps.pending,
    /** Makes the account of the address, and signs in. `back`: where the browser that signed up wanted to go. */
    async confirmAddress(token: string, proof: Parameters<typeof signUps.confirm>[1]) {
      const confirmed = await signUps.confirm(token, proof);
      if (!confirmed) return undefined;
      const { back, ...body } = confirmed;
      const made = await make(body);
      return made && { ...made, back };
    },
    /** Makes the account of an address that a mail to it has proven, and signs in. undefined: it has one. */
    async signUpProven(wanted: Wanted) {
      const proven = await signUps.proven(wanted);
      return proven && make(proven);
    },
  };
}

function identitiesOf({ api, caller, accounts, mails: { tell } }: Parts, identities: IdentityStore) {
  return {
    identities: (accountId: string) => identities.of(accountId),
    /**
     * Signs in whom an issuer vouches for. `PROOF_NEEDED`: the address has an account, whose owner has to link it.
     * `data.twoFactorRedirect`: a second factor is asked for.
     */
    async signInWith({ issuer, subject, email, name, hasSecondFactor }: ExternalIdentity) {
      const body = { issuer, subject, email, name, hasSecondFactor };
      const outcome = await outcomeOf<{ twoFactorRedirect: boolean; isNew: boolean; userId: string }>(
        api.signInExternal({ body, headers: caller.headers, asResponse }),
      );
      const account = outcome.data && (await accounts.find(outcome.data.userId));
      if (account && outcome.data?.isNew) tell(account, 'identityLinked', issuer);
      return { ...outcome, account };
    },
    async link(account: Account, identity: ExternalIdentity) {
      const result = await identities.link(account.id, identity);
      if (result === 'linked') tell(account, 'identityLinked', identity.issuer);
      return result;
    },
    async unlink(account: Account, id: string) {
      const result = await identities.unlink(account.id, id);
      if (typeof result === 'object') tell(account, 'identityUnlinked', result.issuer);
      return result;
    },
  };
}

/** `owned`: the partners that would be without an owner, for whose sake nothing was deleted. */
const deletionOf = ({ mails }: Parts, deletions: DeletionStore, announce: AccountPorts['announce']) =>
  async function deleteAccount(account: Account, actor: Actor) {
    const result = await deletions.delete(account.id, actor);
    if (!result.isGone) return result;
    await announce().catch(() => undefined);
    mails.send('accountDeleted', account.email, account.name, '/', { to: account.language });
    return result;
  };

export function createAccountService({ database, mailer, mayMail, allowances, ...settings }: AccountPorts) {
  // The one that better-auth signs by.
  const secret = settings.secrets?.[0]?.value ?? settings.secret;
  const accounts = createAccountStore(database);
  const identities = createIdentityStore(database);
  const sessions = createSessionStore(database);
  const signUpStore = createSignUpStore(database);
  const addressChanges = createAddressChangeStore(database);
  const deletions = createDeletionStore(database);

  return function accountsFor(caller: Caller) {
    const { origin, headers, actorOf, isKnownTo, keepAlive } = caller;
    const mails = createAccountMails({ mailer, mayMail, product: settings.product }, caller);
    const { mail, mayAsk, tell } = mails;

    /** By what tries at a factor are counted: what others do keeps nobody out of a browser that is known. */
    async function triesOf(accountId: string): Promise<string> {
      const account = await accounts.find(accountId);
      return account && (await isKnownTo(account.email)) ? `known ${accountId}` : accountId;
    }

    const { api } = createAuth(
      { ...settings, database: database.drizzle, origin },
      {
        reset: (email, name, token) =>
          keepAlive(
            mayAsk('reset', email).then((isLeft) => isLeft && mail('reset', email, name, `/reset/${token}`)),
          ),
        async mayTryCode(accountId) {
          return allowances.take('factor', await triesOf(accountId));
        },
        async wasReset(accountId) {
          await accounts.endAccess(accountId, actorOf(accountId));
          await addressChanges.forget(accountId);
          const account = await accounts.confirm(accountId);
          if (account) tell(account, 'passwordReset');
        },
      },
    );
    const factors = createFactors({ api, headers, sessions, allowances, tell, find: accounts.find, triesOf });
    const parts = { api, caller, accounts, mails };
    const passwords = createPasswords({ api, caller, accounts, sessions, factors, tell });
    const { hasAccount } = signUpStore;
    return {
      ...signUpsOf(parts, signUpStore, secret),
      ...identitiesOf(parts, identities),
      ...passwords,
      ...createAddressChanges({ store: addressChanges, mails, hasAccount }),
      ...factors,
      byId: accounts.find,
      tellTokenMade: (account: Account, name: string) => tell(account, 'tokenMade', name),
      deleteAccount: deletionOf(parts, deletions, settings.announce),
      signOut: () => outcomeOf(api.signOut({ headers, asResponse })),
      session: () => currentSession(api, headers, sessions),
      sessions: sessions.of,
      endSession: sessions.end,
      endOtherSessions: sessions.endOthers,
      change: accounts.change,
    };
  };
}

export type AccountsFor = ReturnType<typeof createAccountService>;
export type Accounts = ReturnType<AccountsFor>;
