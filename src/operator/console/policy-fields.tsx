// The settings of a policy as fields of a form: taken from their schema, so that a new policy has a form without a line more.

import * as z from 'zod';
import { POLICIES, type PolicyName } from '../../catalog/policies/kinds.ts';
import { Area, Field, Select, Tick } from '../../web/components/form.tsx';
import { FieldsRefused } from '../../web/forms.ts';
import type { View } from '../../web/view.ts';
import { useView } from '../../web/view-context.ts';
import type { FormErrors, FormValues } from '../../web/web.ts';

type Kind = keyof View['m']['policies']['hints'];
type FieldName = keyof View['m']['policies']['fields'];
type Option = keyof View['m']['policies']['options'];

interface SettingField {
  name: FieldName;
  kind: Kind;
  options: readonly Option[];
  standard: unknown;
}

interface Described {
  type?: string;
  enum?: Option[];
  maxLength?: number;
  default?: unknown;
  items?: { type?: string; properties?: Record<string, unknown> };
}

const LONG_TEXT = 1000;

function kindOf({ type, enum: options, maxLength = 0, items }: Described): Kind {
  if (options) return 'select';
  if (type === 'boolean') return 'tick';
  if (type === 'integer' || type === 'number') return 'number';
  if (type !== 'array') return maxLength > LONG_TEXT ? 'area' : 'text';
  if (items?.properties && Object.keys(items.properties).join() === 'name,value') return 'pairs';
  return items?.type === 'string' || items?.type === 'integer' ? 'lines' : 'json';
}

/** In the order of the schema. */
function fieldsOf(policy: PolicyName): SettingField[] {
  const { properties = {} } = z.toJSONSchema(POLICIES[policy].settings, {
    unrepresentable: 'any',
    io: 'input',
  }) as {
    properties?: Record<string, Described>;
  };
  return Object.entries(properties).map(([name, described]) => ({
    name: name as FieldName,
    kind: kindOf(described),
    options: described.enum ?? [],
    standard: described.default,
  }));
}

const typed = (name: string): string => `setting_${name}`;

function textOf(value: unknown, kind: Kind): string {
  if (value === undefined || value === null) return '';
  if (kind === 'pairs')
    return (value as { name: string; value: string }[])
      .map((pair) => `${pair.name}: ${pair.value}`)
      .join('\n');
  if (kind === 'lines') return (value as unknown[]).join('\n');
  if (kind === 'json') return (value as unknown[]).length === 0 ? '' : JSON.stringify(value, null, 1);
  return String(value);
}

/** `settings`: as they are; the defaults where there are none. */
export const settingValues = (policy: PolicyName, settings?: Record<string, unknown>): FormValues =>
  Object.fromEntries(
    fieldsOf(policy).map(({ name, kind, standard }) => [
      typed(name),
      textOf(settings ? settings[name] : standard, kind),
    ]),
  );

const lines = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

/** undefined: left out. @throws SyntaxError */
function settingOf(text: string, kind: Kind): unknown {
  if (kind === 'tick') return text === 'true';
  if (text.trim() === '') return undefined;
  if (kind === 'number') return Number(text);
  if (kind === 'json') return JSON.parse(text);
  if (kind === 'pairs')
    return lines(text).map((line) => {
      const colon = line.indexOf(':');
      return colon < 0 ? line : { name: line.slice(0, colon).trim(), value: line.slice(colon + 1).trim() };
    });
  if (kind === 'lines') return lines(text).map((line) => (/^\d{3}$/.test(line) ? Number(line) : line));
  return text;
}

/** @throws FieldsRefused at the fields that do not fit */
export function settingsIn(policy: PolicyName, values: FormValues, { m }: View): unknown {
  const { wrong, hints } = m.policies;
  const fields = fieldsOf(policy);
  const errors: FormErrors = {};
  const given: Record<string, unknown> = {};
  for (const { name, kind } of fields)
    try {
      const value = settingOf(values[typed(name)] ?? '', kind);
      if (value !== undefined) given[name] = value;
    } catch {
      errors[typed(name)] = wrong(hints[kind]);
    }
  const checked = POLICIES[policy].settings.safeParse(given);
  for (const { path } of checked.error?.issues ?? []) {
    const field = fields.find(({ name }) => name === path[0]);
    if (field) errors[typed(field.name)] ??= wrong(hints[field.kind]);
  }
  if (Object.keys(errors).length > 0) throw new FieldsRefused(errors);
  return checked.data;
}

const SettingInput = ({ field: { name, kind, options } }: { field: SettingField }) => {
  const { m } = useView();
  const { fields, hints, options: words } = m.policies;
  const common = { name: typed(name), label: fields[name] };
  if (kind === 'tick') return <Tick {...common} />;
  if (kind === 'select')
    return <Select {...common} options={options.map((option) => [option, words[option]] as const)} />;
  if (kind === 'number') return <Field {...common} inputmode="numeric" />;
  if (kind === 'text') return <Field {...common} maxlength={LONG_TEXT} />;
  return <Area {...common} hint={hints[kind]} />;
};

export const SettingInputs = ({ policy }: { policy: PolicyName }) => (
  <>
    {fieldsOf(policy).map((field) => (
      <SettingInput field={field} />
    ))}
  </>
);
