// What an audit trail is narrowed by, of one partner and of all alike: what an entry is about, who did it, a key, days.

import * as z from 'zod';
import type { AuditFilter } from '../../audit/audit-store.ts';
import { useView } from '../view-context.ts';
import type { Options } from './form.tsx';

export const PAGE_ROWS = 50;
export const MAX_EXPORTED = 10_000;

const AREAS = [
  'key.',
  'app.',
  'member.',
  'invitation.',
  'partner.',
  'live_access.',
  'webhook.',
  'plan.',
  'billing.',
  'invoice.',
  'alert.',
] as const;
/** Of no partner. */
const OPERATORS_AREAS = ['address.', 'dead_letter.'] as const;

/** Of the address; what is no filter is left out. */
const asked = z.object({
  partner: z.uuid().optional().catch(undefined),
  action: z
    .enum([...AREAS, ...OPERATORS_AREAS])
    .optional()
    .catch(undefined),
  who: z.string().trim().min(1).max(600).optional().catch(undefined),
  key: z.string().min(1).max(100).optional().catch(undefined),
  from: z.iso.date().optional().catch(undefined),
  to: z.iso.date().optional().catch(undefined),
});
export type AuditAsked = z.output<typeof asked>;

export const readAuditFilter = (query: Record<string, string>): AuditAsked => asked.parse(query);

export const filterOf = ({ action, who, key, from, to }: AuditAsked): AuditFilter => ({
  action,
  who,
  target: key,
  from,
  to,
});

const Day = ({ name, label, value }: { name: 'from' | 'to'; label: string; value?: string }) => (
  <div>
    <label for={`audit-${name}`}>{label}</label>
    <input id={`audit-${name}`} name={name} type="date" value={value} />
  </div>
);

/** `people`: whom to choose from; anybody is typed where there are none. */
export const AuditFilterForm = ({
  action: address,
  asked: { partner, action, who, key, from, to },
  people,
}: {
  action: string;
  asked: AuditAsked;
  people?: Options;
}) => {
  const { m } = useView();
  const areas = people ? AREAS : [...AREAS, ...OPERATORS_AREAS];
  return (
    <form method="get" action={address} class="inline">
      {partner && <input type="hidden" name="partner" value={partner} />}
      {key && <input type="hidden" name="key" value={key} />}
      <div>
        <label for="audit-action">{m.audit.area}</label>
        <select id="audit-action" name="action">
          <option value="">{m.requests.all}</option>
          {areas.map((area) => (
            <option value={area} selected={action === area}>
              {m.audit.areas[area]}
            </option>
          ))}
        </select>
      </div>
      <div>
        <label for="audit-who">{m.audit.who}</label>
        {people ? (
          <select id="audit-who" name="who">
            <option value="">{m.requests.all}</option>
            {people.map(([value, text]) => (
              <option value={value} selected={who === value}>
                {text}
              </option>
            ))}
          </select>
        ) : (
          <input id="audit-who" name="who" value={who} placeholder={m.audit.whoHint} maxlength={600} />
        )}
      </div>
      <Day name="from" label={m.usage.from} value={from} />
      <Day name="to" label={m.usage.to} value={to} />
      <button type="submit" class="button">
        {m.requests.filter}
      </button>
    </form>
  );
};
