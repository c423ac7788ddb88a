// What stands in every frame: the brand, the switches that are remembered, the account's menu, the palette.

import type { Brand as BrandOf } from '../../brand/brand.ts';
import type { Environment } from '../../keys/key-format.ts';
import { supportHref } from '../contact.ts';
import { MAX_WORDS_CHARS } from '../found.ts';
import { useView } from '../view-context.ts';
import { CHOICE_FORM } from './found.tsx';
import { EnvironmentBadge } from './key-badge.tsx';

const markColours = ({ paint }: BrandOf['mark'], colour: string) =>
  paint === 'stroke' ? { fill: 'none', stroke: colour, 'stroke-width': '2' } : { fill: colour };

const Mark = () => {
  const { mark } = useView().brand;
  return (
    <svg
      width="22"
      height="22"
      viewBox={mark.viewBox}
      aria-hidden="true"
      stroke-linecap="round"
      {...markColours(mark, 'currentColor')}
    >
      <path d={mark.path} />
    </svg>
  );
};

/** The browser's, as a data URL. */
export function iconOf({ mark, accent }: BrandOf): string {
  const colours = Object.entries(markColours(mark, accent.light)).map(
    ([name, value]) => `${name}='${value}'`,
  );
  const path = `<path d='${mark.path}' ${colours.join(' ')}/>`;
  const svg = `<svg xmlns='http://www.w3.org/2000/svg' viewBox='${mark.viewBox}'>${path}</svg>`;
  return `data:image/svg+xml,${svg.replace(/[<>#]/g, encodeURIComponent)}`;
}

export const Brand = ({ href = '/' }: { href?: string }) => {
  const view = useView();
  return (
    <a class="brand" href={href} aria-label={view.product}>
      <Mark />
      <span class="brand-name">{view.product}</span>
    </a>
  );
};

/** A choice that is remembered, and comes back to this page. */
const Preference = ({
  name,
  options,
  current,
  label,
}: {
  name: string;
  options: readonly (readonly [string, string])[];
  current: string;
  label: string;
}) => {
  const view = useView();
  return (
    <form method="post" action="/preferences">
      <input type="hidden" name="back" value={view.here} />
      <fieldset class="switch" aria-label={label}>
        {options.map(([value, text]) => (
          <button type="submit" name={name} value={value} aria-pressed={value === current ? 'true' : 'false'}>
            {text}
          </button>
        ))}
      </fieldset>
    </form>
  );
};

const LanguageSwitch = () => {
  const view = useView();
  return (
    <Preference
      name="language"
      label={view.m.common.language}
      current={view.language}
      options={[
        ['en', 'English'],
        ['fr', 'Français'],
      ]}
    />
  );
};

const ThemeSwitch = () => {
  const view = useView();
  return (
    <Preference
      name="theme"
      label={view.m.common.theme}
      current={view.theme}
      options={[
        ['system', view.m.common.themeSystem],
        ['light', view.m.common.themeLight],
        ['dark', view.m.common.themeDark],
      ]}
    />
  );
};

/** Whom to ask, the terms, privacy and status: what the brand names of it. */
const ContactLinks = () => {
  const { m, contact } = useView();
  const href = supportHref(contact);
  return (
    <>
      {href && <a href={href}>{m.common.contact}</a>}
      {contact.termsUrl && <a href={contact.termsUrl}>{m.invoice.terms}</a>}
      {contact.privacyUrl && <a href={contact.privacyUrl}>{m.common.privacy}</a>}
      {contact.statusUrl && <a href={contact.statusUrl}>{m.common.status}</a>}
    </>
  );
};

export const Foot = () => {
  const view = useView();
  return (
    <footer class="foot">
      <LanguageSwitch />
      <ThemeSwitch />
      <a href="/docs">{view.m.nav.docs}</a>
      <a href="/status">{view.m.status.title}</a>
      <ContactLinks />
      {view.hasOutbox && <a href="/outbox">{view.m.nav.outbox}</a>}
    </footer>
  );
};

const EnvironmentSwitch = () => {
  const view = useView();
  return (
    <Preference
      name="environment"
      label={view.m.common.environment}
      current={view.environment}
      options={[
        ['test', view.m.common.test],
        ['live', view.m.common.live],
      ]}
    />
  );
};

/** What a page is about: the environment that was chosen, one of its own, or both. */
export type About = 'chosen' | Environment | 'both';

/** Where choosing changes nothing, it says which it is. */
export const EnvironmentOf = ({ about }: { about: About }) =>
  about === 'chosen' ? <EnvironmentSwitch /> : <EnvironmentBadge environment={about} />;

export const AccountMenu = () => {
  const view = useView();
  const { account, workspace, m } = view;
  if (!account) return null;
  return (
    <details class="menu">
      <summary>
        <span class="visually-hidden">
          {m.nav.account}
          {m.common.colon}{' '}
        </span>
        <span>{workspace?.partner.name ?? account.name}</span>
        <span aria-hidden="true">▾</span>
      </summary>
      <div>
        <div class="group small">
          {account.name}
          <br />
          <span class="soft">{account.email}</span>
        </div>
        {workspace && workspace.partners.length > 1 && (
          <div class="group">
            {workspace.partners.map(({ partnerId, name }) => (
              <form method="post" action="/portal/partner">
                <input type="hidden" name="partner" value={partnerId} />
                <button type="submit" class="item">
                  {partnerId === workspace.partner.id ? '✓ ' : ''}
                  {name}
                </button>
              </form>
            ))}
          </div>
        )}
        <div class="group stack">
          <LanguageSwitch />
          <ThemeSwitch />
        </div>
        <a href="/portal/settings">{m.nav.settings}</a>
        {account.isOperator && <a href="/operator">{m.nav.operator}</a>}
        <ContactLinks />
        {view.hasOutbox && <a href="/outbox">{m.nav.outbox}</a>}
        <form method="post" action="/sign-out">
          <button type="submit" class="item">
            {m.nav.signOut}
          </button>
        </form>
      </div>
    </details>
  );
};

/** Fed by the search of this surface, whose page is `search`. */
export const Palette = ({ search }: { search: string }) => {
  const { m, here } = useView();
  return (
    <dialog class="palette" id="palette" aria-label={m.nav.palette}>
      <form method="get" action={search} data-options={`${search}/options`}>
        <input
          type="text"
          name="q"
          role="combobox"
          aria-expanded="false"
          aria-controls="palette-list"
          aria-autocomplete="list"
          aria-label={m.nav.palette}
          placeholder={m.nav.paletteHint}
          maxlength={MAX_WORDS_CHARS}
          autocomplete="off"
          spellcheck={false}
        />
      </form>
      <div class="found">
        <div role="listbox" id="palette-list" aria-label={m.nav.palette} />
        <p role="status" class="soft" data-none={m.search.nothing} data-failed={m.search.failed} />
      </div>
      <form method="post" action="/preferences" id={CHOICE_FORM}>
        <input type="hidden" name="back" value={here} />
      </form>
    </dialog>
  );
};
