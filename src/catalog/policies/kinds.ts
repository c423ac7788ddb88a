// The policies that there are, by name: each with a schema for its settings, which the console shows as a form.

import * as z from 'zod';
import { deny } from '../../core/denied.ts';
import { isInRanges, isRange } from '../../core/ip-list.ts';
import { maySayToCaller, maySayToUpstream } from '../headers.ts';
import { jsonChange, pointer, queryName } from './changes.ts';
import { moreNames, type NameChanges, policy, withPolicies } from './policy.ts';
import { validates } from './validate.ts';

/** But for the ends of lines, and tabs. */
const CONTROL = /[^\P{Cc}\n\r\t]|[\u2028\u2029]/u;
const MAX_BODY_BYTES = 10 * 1024 * 1024;
const DAY_SECONDS = 86_400;
const MAX_TIMEOUT_MS = 30_000;

/** `.describe`: what the console's form says of a field. */
const list = <Item extends z.ZodType>(item: Item) => z.array(item).max(100).default([]);
const header = z.string().regex(/^[A-Za-z0-9-]{1,100}$/);
const value = z
  .string()
  .max(1000)
  .regex(/^[\x20-\x7e]*$/);
const named = <Name extends z.ZodType<string>>(name: Name) => z.object({ name, value });

const toUpstream = header.refine((name) => maySayToUpstream(name.toLowerCase()));
/** Said by whoever sends the body. */
const OF_THE_BODY = new Set(['content-length', 'content-encoding', 'content-range']);
const toCaller = header.refine(
  (name) => maySayToCaller(name.toLowerCase()) && !OF_THE_BODY.has(name.toLowerCase()),
);

const pairs = (set: readonly { name: string; value: string }[]) =>
  set.map(({ name, value: said }) => [name, said] as const);
/** Names of headers have no case. */
const headerChanges = (
  set: readonly { name: string; value: string }[],
  remove: readonly string[],
): NameChanges => ({
  set: set.map(({ name, value: said }) => [name.toLowerCase(), said] as const),
  remove: remove.map((name) => name.toLowerCase()),
});

const addresses = policy({
  settings: z.object({
    allow: list(z.string().max(50).refine(isRange)),
    refuse: list(z.string().max(50).refine(isRange)),
    allow_countries: list(z.string().regex(/^[A-Z]{2}$/)),
    refuse_countries: list(z.string().regex(/^[A-Z]{2}$/)),
  }),
  apply: (route, { allow, refuse, allow_countries: only, refuse_countries: not }) =>
    withPolicies(route, {
      before: [
        ...route.policies.before,
        ({ ip, country }) => {
          const isRefused =
            (allow.length > 0 && !isInRanges(ip, allow)) ||
            isInRanges(ip, refuse) ||
            (only.length > 0 && !(country && only.includes(country))) ||
            (country !== null && not.includes(country));
          return isRefused ? deny('ip_not_allowed', { fields: { ip, country } }, 'policy') : undefined;
        },
      ],
    }),
});

const requestSize = policy({
  settings: z.object({ bytes: z.int().min(0).max(MAX_BODY_BYTES).default(1_048_576) }),
  apply: (route, { bytes }) => ({ ...route, bodyBytes: bytes }),
});

const timeout = policy({
  settings: z.object({ ms: z.int().min(1).max(MAX_TIMEOUT_MS).default(10_000) }),
  apply: (route, { ms }) => ({ ...route, timeoutMs: ms }),
});

const retry = policy({
  settings: z.object({
    tries: z.int().min(1).max(5).default(2),
    statuses: list(z.int().min(500).max(599)),
  }),
  apply: (route, { tries, statuses }) => withPolicies(route, { tries, retryOn: statuses }),
});

const breaker = policy({
  settings: z.object({
    failures: z.int().min(1).max(1000).default(5),
    rest_seconds: z.int().min(1).max(600).default(30),
  }),
  apply: (route, { failures, rest_seconds: seconds }) =>
    withPolicies(route, { breaker: { failures, restMs: seconds * 1000 } }),
});

const concurrency = policy({
  settings: z.object({ calls: z.int().min(1).max(10_000).default(20) }),
  apply: (route, { calls: atOnce }) => withPolicies(route, { atOnce }),
});

const cache = policy({
  settings: z.object({
    seconds: z.int().min(0).max(DAY_SECONDS).default(60),
    shared_by: z.enum(['key', 'partner']).default('key'),
  }),
  apply: (route, { seconds, shared_by: sharedBy }) => ({
    ...route,
    cacheSeconds: seconds,
    cacheSharedBy: sharedBy,
  }),
});

const cors = policy({
  settings: z.object({
    origins: list(
      z
        .string()
        .max(255)
        .refine((origin) => URL.canParse(origin) && new URL(origin).origin === origin),
    ),
  }),
  apply: (route, { origins }) => withPolicies(route, { origins: [...route.policies.origins, ...origins] }),
});

const headers = policy({
  settings: z.object({
    request_set: list(named(toUpstream)),
    request_remove: list(header),
    answer_set: list(named(toCaller)),
    answer_remove: list(header),
  }),
  apply: (route, settings) =>
    withPolicies(route, {
      requestHeaders: moreNames(
        route.policies.requestHeaders,
        headerChanges(settings.request_set, settings.request_remove),
      ),
      answerHeaders: moreNames(
        route.policies.answerHeaders,
        headerChanges(settings.answer_set, settings.answer_remove),
      ),
    }),
});

const query = policy({
  settings: z.object({ set: list(named(queryName)), remove: list(queryName) }),
  apply: (route, { set, remove }) =>
    withPolicies(route, { query: moreNames(route.policies.query, { set: pairs(set), remove }) }),
});

const json = policy({
  settings: z.object({ request: list(jsonChange), answer: list(jsonChange) }),
  apply: (route, { request, answer }) =>
    withPolicies(route, {
      requestJson: [...route.policies.requestJson, ...request],
      answerJson: [...route.policies.answerJson, ...answer],
    }),
});

const redact = policy({
  settings: z.object({ pointers: z.array(pointer).min(1).max(100) }),
  apply: (route, { pointers }) =>
    withPolicies(route, {
      isStrict: true,
      answerJson: [
        ...route.policies.answerJson,
        ...pointers.map((each) => ({ op: 'redact' as const, pointer: each })),
      ],
    }),
});

const mock = policy({
  settings: z.object({
    status: z.int().min(200).max(599).default(200),
    type: z
      .string()
      .max(100)
      .regex(/^[\w.+-]+\/[\w.+-]+(?:; *charset=[\w-]+)?$/)
      .default('application/json'),
    body: z
      .string()
      .max(20_000)
      .refine((text) => text.isWellFormed() && !CONTROL.test(text))
      .default(''),
  }),
  apply: (route, answer) => withPolicies(route, { mock: answer }),
});

const validateRequest = policy({
  settings: z.object({ body: z.boolean().default(true), parameters: z.boolean().default(true) }),
  apply: (route, settings) =>
    withPolicies(route, {
      readsBody: route.policies.readsBody || settings.body,
      before: [...route.policies.before, validates(settings)],
    }),
});

const validateAnswer = policy({
  settings: z.object({ percent: z.int().min(1).max(100).default(1) }),
  apply: (route, { percent }) => withPolicies(route, { checkedShare: percent / 100 }),
});

export const POLICIES = {
  addresses,
  breaker,
  cache,
  concurrency,
  cors,
  headers,
  json,
  mock,
  query,
  redact,
  request_size: requestSize,
  retry,
  timeout,
  validate_answer: validateAnswer,
  validate_request: validateRequest,
} as const;

export type PolicyName = keyof typeof POLICIES;
export const POLICY_NAMES = Object.keys(POLICIES) as PolicyName[];
export const isPolicyName = (name: string): name is PolicyName => Object.hasOwn(POLICIES, name);
