// One question to everything that a partner has: pages, actions, apps, keys, invoices, a request, endpoints, members, the
// documentation. Each service is asked for this partner alone, and for a few only.

import { isUuid } from '../../core/ids.ts';
import { shownPrefix } from '../../keys/key-format.ts';
import type { KeyView } from '../../keys/key-view-store.ts';
import type { AppView } from '../../partners/app-view-store.ts';
import { may } from '../../partners/permissions.ts';
import { fits, folded } from '../../web/folded.ts';
import {
  choicesFound,
  type Found,
  type FoundGroup,
  fitting,
  MAX_FOUND,
  pagesFound,
  withoutEmpty,
} from '../../web/found.ts';
import type { MemberView } from '../../web/view.ts';
import type { Services } from '../services.ts';
import { searchDocs } from './docs-search-page.tsx';
import { items } from './portal-web.tsx';

const FEWEST_CHARS = 2;
const FEWEST_OF_VERB = 3;
const MAX_APPS = 100;

type Ports = Pick<
  Services,
  'apps' | 'keys' | 'invoices' | 'reports' | 'webhooks' | 'members' | 'gateway' | 'rates'
>;

const pages = (view: MemberView): Found[] => [
  ...pagesFound(items(view)),
  { title: view.m.keys.all, to: '/portal/keys' },
  { title: view.m.versions.title, to: '/portal/versions' },
  ...(may(view.workspace, 'pay')
    ? [{ title: view.m.simulation.title, to: '/portal/billing/simulation', also: view.m.simulation.run }]
    : []),
];

/** `roll demo` is asked of the keys named demo. Undefined: nothing is to be rolled. */
function rolledBy({ m }: MemberView, words: string): string | undefined {
  const [verb = '', ...rest] = words.split(/\s+/);
  const isVerb = verb.length >= FEWEST_OF_VERB && folded(m.keys.roll).startsWith(folded(verb));
  return isVerb ? rest.join(' ') : undefined;
}

const newKeys = ({ m, environment, workspace }: MemberView, apps: readonly AppView[]): Found[] =>
  environment === 'live' && workspace.partner.status !== 'active'
    ? []
    : apps.map(({ id, name }) => ({
        title: environment === 'test' ? m.keys.newTest : m.keys.newLive,
        detail: name,
        to: `/portal/apps/${id}?dialog=new-key`,
        also: m.keys.new,
      }));

function actions(view: MemberView, apps: readonly AppView[], words: string): Found[] {
  const { m, environment, workspace } = view;
  const makes: Found[] = may(workspace, 'develop')
    ? [
        ...fitting(newKeys(view, apps), words).slice(0, words === '' ? 1 : MAX_FOUND),
        { title: m.apps.new, to: '/portal/apps?dialog=new-app' },
        { title: m.webhooks.add, to: '/portal/webhooks?dialog=add' },
      ]
    : [];
  const other = environment === 'test' ? 'live' : 'test';
  return [
    ...makes,
    ...(may(workspace, 'own') ? [{ title: m.members.invite, to: '/portal/members?dialog=invite' }] : []),
    { title: m.search.environments[other], to: { name: 'environment', value: other } },
    ...choicesFound(view),
  ];
}

const keyFound = ({ m }: MemberView, key: KeyView): Found => ({
  title: key.name,
  detail: `${shownPrefix(key)} · ${m.common[key.environment]}`,
  to: `/portal/keys/${key.keyId}`,
});

async function keysToRoll({ keys }: Ports, view: MemberView, words: string): Promise<Found[]> {
  const rolled = may(view.workspace, 'develop') ? rolledBy(view, words) : undefined;
  if (rolled === undefined) return [];
  const { m, workspace } = view;
  return (await keys.search(workspace.partner.id, rolled, MAX_FOUND))
    .filter(({ state }) => !['revoked', 'expired', 'app_archived'].includes(state))
    .map((key) => ({
      ...keyFound(view, key),
      title: m.search.rollKey(key.name),
      to: `/portal/keys/${key.keyId}?dialog=roll`,
    }));
}

async function requestById({ reports }: Ports, partnerId: string, words: string): Promise<Found[]> {
  if (!isUuid(words)) return [];
  const id = words.toLowerCase();
  const row = await reports.event(partnerId, id);
  return row
    ? [
        {
          title: `${row.method} ${row.endpoint}`,
          detail: String(row.status_code),
          to: `/portal/requests/${id}`,
        },
      ]
    : [];
}

async function things(ports: Ports, view: MemberView, words: string) {
  const partnerId = view.workspace.partner.id;
  const [requests, keys, invoices, endpoints, members] = await Promise.all([
    requestById(ports, partnerId, words),
    ports.keys.search(partnerId, words, MAX_FOUND),
    ports.invoices.list(MAX_FOUND, undefined, { partnerId, search: words }),
    ports.webhooks.list(partnerId),
    ports.members.members(partnerId),
  ]);
  return {
    requests,
    keys: keys.map((key) => keyFound(view, key)),
    // A partner's own name is in none of its numbers.
    invoices: invoices
      .filter(({ number }) => fits(number, words))
      .map(({ id, number, status }) => ({
        title: number,
        detail: view.m.invoice.statuses[status],
        to: `/portal/invoices/${id}`,
      })),
    endpoints: endpoints.map(({ id, url, description }) => ({
      title: url,
      detail: description ?? undefined,
      to: `/portal/webhooks/${id}`,
    })),
    members: members.map(({ name, email, role }) => ({
      title: name ?? email,
      detail: [name && email, view.m.roles[role].name].filter(Boolean).join(' · '),
      to: '/portal/members',
    })),
  };
}

/** Pages and actions for less than two characters, and all of them for none. @throws AppError rate_limit_exceeded */
export async function searchPortal(ports: Ports, view: MemberView, words: string): Promise<FoundGroup[]> {
  const { m, account, workspace, language } = view;
  ports.rates.take('search', account.id);
  const isShort = words.length < FEWEST_CHARS;
  const [apps, rolls, found] = await Promise.all([
    ports.apps.list(workspace.partner.id, MAX_APPS),
    keysToRoll(ports, view, words),
    isShort ? undefined : things(ports, view, words),
  ]);
  const places = { title: m.search.pages, found: fitting(pages(view), words) };
  const acts = { title: m.search.actions, found: [...rolls, ...fitting(actions(view, apps, words), words)] };
  if (!found) return withoutEmpty([places, acts]);
  const some = (title: string, all: readonly Found[]) => ({
    title,
    found: fitting(all, words).slice(0, MAX_FOUND),
  });
  const appsFound = apps.map(({ id, name }) => ({ title: name, to: `/portal/apps/${id}` }));
  const docs = searchDocs(language, ports.gateway.catalog, words).map(({ href, title, heading }) => ({
    title: heading ? `${title} › ${heading}` : title,
    to: href,
  }));
  return withoutEmpty([
    { title: m.nav.requests, found: found.requests },
    places,
    acts,
    some(m.nav.apps, appsFound),
    { title: m.nav.keys, found: found.keys },
    { title: m.billing.invoices, found: found.invoices },
    some(m.webhooks.nav, found.endpoints),
    some(m.nav.members, found.members),
    { title: m.nav.docs, found: docs.slice(0, MAX_FOUND) },
  ]);
}
