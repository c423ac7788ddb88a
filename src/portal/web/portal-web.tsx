// The portal's pages: which partner a page acts for, what a member may do, and the frame that all of them share.

import type { Child } from 'hono/jsx';
import type { Account } from '../../accounts/account-service.ts';
import type { Actor } from '../../audit/audit-store.ts';
import { AppError, PageError } from '../../core/errors.ts';
import { clientIp } from '../../http/api.ts';
import { partnerObjectName } from '../../keys/key-record.ts';
import { isEnding, type Permission, refusalOf } from '../../partners/permissions.ts';
import { type NavItem, Shell } from '../../web/components/layout.tsx';
import type { About } from '../../web/components/layout-parts.tsx';
import { ContactLink, Note } from '../../web/components/parts.tsx';
import { askFactor } from '../../web/factor.ts';
import type { Done } from '../../web/messages/messages.ts';
import { withQuery } from '../../web/redirects.ts';
import type { MemberView, View } from '../../web/view.ts';
import { accountActor, createWeb, signIn, type WebContext } from '../../web/web.ts';
import type { Services } from '../services.ts';

export type PortalContext = WebContext<Services>;

/** Of a mail: its reader's mail program sends it, without asking (RFC 8058). */
const isOneClick = (path: string): boolean => /^\/mails\/[^/]+$/.test(path);

export const portal = createWeb<Services>('*', ({ workspace }) => workspace && Page, {
  provesItself: isOneClick,
});

// What a link's token leads to is looked up a few times a minute for an address, and not before.
for (const path of ['/invite/*', '/reset/*', '/verify/*', '/email/*', '/sign-in/identity/*'])
  portal.use(path, async (context, next) => {
    const { services, view } = context.var;
    if (!(await services.signInGuard.allows('token', { ip: clientIp(context) })))
      throw new PageError('rate_limit_exceeded', view.m.signIn.tooMany);
    await next();
  });

const isSettings = (path: string): boolean => /^\/portal\/settings(?:\/|$)/.test(path);

// Everything under /portal needs a session and a partner.
portal.use('/portal/*', async (context, next) => {
  const { view } = context.var;
  if (!(await signIn(context))) {
    // Many paths that forms are sent to are no pages.
    const back = context.req.method === 'POST' ? '/portal' : view.here;
    return context.redirect(withQuery('/sign-in', { back }), 303);
  }
  const { account } = view;
  if (!account) throw new AppError('forbidden');
  const { partners, rates } = context.var.services;
  const workspace = await partners.workspace(account.id);
  // Operators work in their console; they become nobody's partner by looking around. Nor does anybody else: a GET makes nothing.
  // Their own account is theirs to look after all the same.
  if (!workspace && account.isOperator && isSettings(view.path)) return next();
  if (!workspace) return context.redirect(account.isOperator ? '/operator' : '/welcome', 303);
  view.workspace = workspace;
  if (workspace.requiresFactor) {
    const asked = askFactor(context, context.req.method === 'POST' ? '/portal' : view.here);
    if (asked) return asked;
  }
  // The chain is gone through for whoever looks at it.
  if (view.path.startsWith('/portal/audit')) rates.take('audit', workspace.partner.id);
  await next();
});

/** The view of a member who may do this. @throws AppError forbidden, partner_suspended */
export function member(context: PortalContext, permission: Permission = 'read'): MemberView {
  const { view } = context.var;
  const { account, workspace } = view;
  if (!account || !workspace) throw new AppError('forbidden');
  const { method, path } = context.req;
  const refusal = refusalOf(workspace, permission, isEnding(method, path));
  if (refusal === 'forbidden') throw new PageError(refusal, view.m.errors.role);
  if (refusal) throw new AppError(refusal);
  return { ...view, account, workspace };
}

/** The view of whoever is signed in, also of an operator who works for no partner. @throws AppError forbidden */
export function person(context: PortalContext): View & { account: Account } {
  const { view } = context.var;
  const { account } = view;
  if (!account) throw new AppError('forbidden');
  return { ...view, account };
}

export const actorFor = (context: PortalContext): Actor =>
  accountActor(context, context.var.view.account?.id ?? '');

/** The partner's limits as its limiter counts them now; undefined while the limiter does not answer. */
export const standingOf = ({ workspace, environment }: MemberView, limiter: Services['limiter']) => {
  const { partner, version, overageInForce } = workspace;
  return limiter
    .standing({
      partnerObject: partnerObjectName(partner.id, environment),
      versions: { partner: version },
      partner: {
        second: partner.rate_limit_per_second,
        day: partner.rate_limit_per_day,
        month: partner.rate_limit_per_month,
        overage: overageInForce,
      },
    })
    .catch(() => undefined);
};

export const items = ({ m, workspace }: Pick<View, 'm' | 'workspace'>): NavItem[] => [
  { href: '/portal', text: m.nav.overview, also: ['/portal/live-access'] },
  { href: '/portal/apps', text: m.nav.apps, also: ['/portal/keys'] },
  { href: '/portal/usage', text: m.nav.usage, also: ['/portal/versions'] },
  { href: '/portal/requests', text: m.nav.requests },
  { href: '/portal/playground', text: m.nav.playground },
  { href: '/portal/mcp', text: m.mcp.title },
  { href: '/portal/sandbox', text: m.nav.sandbox },
  {
    href: '/portal/webhooks',
    text: m.webhooks.nav,
    count: workspace?.attention.endpoints,
    also: ['/portal/deliveries'],
  },
  { href: '/portal/alerts', text: m.alerts.nav, count: workspace?.attention.alerts },
  { href: '/portal/billing', text: m.billing.nav, apart: true, also: ['/portal/invoices'] },
  { href: '/portal/audit', text: m.nav.audit },
  { href: '/portal/members', text: m.nav.members },
  { href: '/portal/grants', text: m.grants.title, also: ['/portal/authorize'] },
  { href: '/portal/settings', text: m.nav.settings },
  { href: '/docs', text: m.nav.docs, apart: true },
  { href: '/status', text: m.status.title },
];

/** For whoever works for no partner. */
const operatorItems = ({ m }: View): NavItem[] => [
  { href: '/operator', text: m.nav.operator },
  { href: '/portal/settings', text: m.nav.settings },
];

/** Since when and why nothing works, and whom to ask: on every page. */
const SuspendedNote = ({ view: { workspace, m, format } }: { view: View }) => {
  if (workspace?.partner.status !== 'suspended') return null;
  const { suspended_at: at, suspended_reason: reason } = workspace.partner;
  return (
    <Note kind="bad">
      <p>
        {m.overview.status('suspended')} {at && m.overview.suspendedSince(format.date(at))}
      </p>
      {reason && <p>{m.common.reasonIs(reason)}</p>}
      <ContactLink />
    </Note>
  );
};

export const Page = ({
  view,
  title,
  scripts,
  about = 'chosen',
  children,
}: {
  view: View;
  title: string;
  about?: About;
  scripts?: Child;
  children?: Child;
}) => (
  <Shell
    view={view}
    title={title}
    home={view.workspace ? '/portal' : '/operator'}
    items={view.workspace ? items(view) : operatorItems(view)}
    about={view.workspace && about}
    scripts={scripts}
  >
    <SuspendedNote view={view} />
    {children}
  </Shell>
);

export const done = (context: PortalContext, path: string, word: Done): Response =>
  context.redirect(withQuery(path, { done: word }), 303);
