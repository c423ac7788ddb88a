// The operator console's pages: only for operators, and, where required, with a verified client certificate.

import type { Child } from 'hono/jsx';
import type { Account } from '../../accounts/account-service.ts';
import type { Actor } from '../../audit/audit-store.ts';
import { AppError, PageError } from '../../core/errors.ts';
import { actorOf } from '../../http/api.ts';
import { type NavItem, Shell } from '../../web/components/layout.tsx';
import { askFactor } from '../../web/factor.ts';
import type { Wrong } from '../../web/forms.ts';
import { MAX_WORDS_CHARS } from '../../web/found.ts';
import type { Done } from '../../web/messages/messages.ts';
import { withQuery } from '../../web/redirects.ts';
import type { View } from '../../web/view.ts';
import { askProof, createWeb, isProven, signIn, type WebContext } from '../../web/web.ts';
import { checkCertificate } from '../admin-routes.ts';
import type { ConsoleServices } from '../services.ts';

export type ConsoleContext = WebContext<ConsoleServices>;
export type OperatorView = View & { account: Account };

/**
 * Whoever changes something here has just shown a factor: limits, access and money are at stake. Not for these: what stops
 * harm must not be held up, and what is of every day can do none.
 */
const WITHOUT_PROOF =
  /^\/operator\/(?:blocks|keys\/[^/]+\/revoke|alerts\/[^/]+|dead-letters\/[^/]+\/replay)$/;

/** The page that a form was on. */
const pageOf = (path: string): string =>
  /^\/operator\/(?:apis\/(?!check$)(?:drafts\/)?[^/]+|policies\/(?!new$)[^/]+|(?:partners|invoices|keys)\/[^/]+|[^/]+)/.exec(
    path,
  )?.[0] ?? '/operator';

/** Of a document of an API, and of the form around it. */
const MAX_DOCUMENT_FORM_BYTES = 6 * 1024 * 1024;

export const operatorConsole = createWeb<ConsoleServices>(
  '/operator/*',
  ({ account }) => (account?.isOperator ? ConsolePage : undefined),
  { larger: { paths: /^\/operator\/apis\/check$/, bytes: MAX_DOCUMENT_FORM_BYTES } },
);

operatorConsole.use('/operator/*', async (context, next) => {
  const { view, services } = context.var;
  if (services.config.REQUIRE_MTLS) checkCertificate(context.req.raw);
  const { method, path } = context.req;
  const back = method === 'POST' ? pageOf(path) : view.here;
  if (!(await signIn(context))) return context.redirect(withQuery('/sign-in', { back }), 303);
  if (!view.account?.isOperator) throw new PageError('forbidden', view.m.operator.needOperator);
  // A password alone opens nothing here.
  const asked = askFactor(context, back);
  if (asked) return asked;
  if (method === 'POST' && !WITHOUT_PROOF.test(path) && !isProven(context)) return askProof(context, back);
  await next();
});

export function operator(context: ConsoleContext): OperatorView {
  const { view } = context.var;
  const { account } = view;
  if (!account?.isOperator) throw new AppError('forbidden');
  return { ...view, account };
}

export const operatorActor = (context: ConsoleContext): Actor =>
  actorOf(context, `operator:${context.var.view.account?.id ?? ''}`);

export const items = ({ m }: Pick<View, 'm'>): NavItem[] => [
  { href: '/operator', text: m.today.title, also: ['/operator/live-access'] },
  { href: '/operator/partners', text: m.nav.partners },
  { href: '/operator/keys', text: m.nav.keys },
  { href: '/operator/usage', text: m.nav.usage, also: ['/operator/requests'] },
  { href: '/operator/blocks', text: m.nav.blocks },
  { href: '/operator/alerts', text: m.console.alerts },
  { href: '/operator/incidents', text: m.status.incidents },
  { href: '/operator/apis', text: m.apis.title, apart: true },
  { href: '/operator/policies', text: m.policies.title },
  { href: '/operator/plans', text: m.console.plans },
  { href: '/operator/invoices', text: m.console.invoices },
  { href: '/operator/audit', text: m.nav.audit, apart: true },
  { href: '/operator/dead-letters', text: m.nav.deadLetters },
  { href: '/operator/checks', text: m.nav.checks },
  { href: '/portal/settings', text: m.nav.settings, apart: true },
];

/** Finds anything that operators are told by: src/operator/search.ts. */
const SearchBox = ({ view }: { view: View }) => {
  const { search } = view.m;
  const words = new URL(view.here, 'https://here.invalid').searchParams.get('q') ?? '';
  return (
    <search class="find">
      <form method="get" action="/operator/search">
        <input
          type="search"
          name="q"
          value={words}
          maxlength={MAX_WORDS_CHARS}
          aria-label={search.label}
          placeholder={search.hint}
          autocomplete="off"
          spellcheck={false}
        />
      </form>
    </search>
  );
};

export const ConsolePage = ({ view, title, children }: { view: View; title: string; children?: Child }) => (
  <Shell view={view} title={title} home="/operator" items={items(view)} search={<SearchBox view={view} />}>
    {children}
  </Shell>
);

/** One button and why it is pressed. */
export const ReasonForm = ({
  view,
  action,
  wrong,
  children,
}: {
  view: View;
  action: string;
  wrong?: Wrong;
  children?: Child;
}) => (
  <form method="post" action={action} class="inline" novalidate>
    <input
      name="reason"
      required
      maxlength={500}
      aria-label={view.m.operator.reason}
      placeholder={view.m.operator.reason}
      value={wrong?.values.reason}
      aria-invalid={wrong ? 'true' : undefined}
      aria-describedby={wrong && 'reason-error'}
    />
    <button type="submit" class="button small">
      {children}
    </button>
    {wrong && (
      <p class="error" id="reason-error">
        {wrong.errors.reason}
      </p>
    )}
  </form>
);

export const done = (context: ConsoleContext, path: string, word: Done): Response =>
  context.redirect(withQuery(path, { done: word }), 303);
