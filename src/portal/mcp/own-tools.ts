// Tools of our own, beside those of the APIs: what was used, what became of a request, the documentation, and keys with budgets.

import * as z from 'zod';
import { isErrorCode } from '../../core/errors.ts';
import { isUuid } from '../../core/ids.ts';
import { isoDay, monthStart, rfc3339 } from '../../core/time.ts';
import { limitSubject } from '../../keys/key-record.ts';
import { isUnlimited } from '../../limits/limit.ts';
import { messagesOf } from '../../web/messages/messages.ts';
import { MAX_QUERY_CHARS } from '../web/docs-index.ts';
import { searchDocs } from '../web/docs-search-page.tsx';
import { BUDGET_TOOLS } from './budget-tools.ts';
import { type OwnTool, ownTool } from './own-tool.ts';
import { answered, failed } from './tool-result.ts';

const MAX_HITS = 8;

const getUsage = ownTool(
  'get_usage',
  'What this key used this month by day, and what is left of each of its limits.',
  z.strictObject({}),
  async (_, { record, services }) => {
    const nowMs = services.now();
    const scope = {
      partnerId: record.partnerId,
      environment: record.environment,
      keyId: record.keyId,
      from: isoDay(monthStart(nowMs)),
      to: isoDay(nowMs),
    };
    const [gauges, lines] = await Promise.all([
      services.limiter.peek(limitSubject(record)),
      services.reports.lines(scope, 'day'),
    ]);
    return answered({
      key_id: record.keyId,
      environment: record.environment,
      limits: Object.fromEntries(
        Object.entries(gauges).map(([name, { limit, remaining, resetMs, level }]) => [
          name,
          isUnlimited(limit)
            ? 'unlimited'
            : { limit, remaining, resets_at: resetMs === 0 ? null : rfc3339(resetMs), of: level },
        ]),
      ),
      days: lines.map(({ group, calls, successful, failed: refused, units }) => ({
        date: group,
        calls,
        successful,
        failed: refused,
        units,
      })),
    });
  },
);

const explainRequest = ownTool(
  'explain_request',
  'What became of a request, by its id (X-Request-Id, or passerelle/request_id of a result): which limit or rule refused it, when it would pass, and what to do.',
  z.strictObject({ request_id: z.string().describe('The id of a request of this key') }),
  async ({ request_id: id }, { record, services, origin }) => {
    const event = isUuid(id) ? await services.reports.event(record.partnerId, id) : undefined;
    // What others of its partner asked is in the portal, for people.
    if (event?.key_id !== record.keyId)
      return failed('No such request of this key. It can take some seconds until one is known');
    const { error } = event;
    const guide = error !== null && isErrorCode(error) ? messagesOf('en').errorGuide[error] : undefined;
    return answered({
      ...(await services.explain(event, record.partnerId)),
      request: event,
      ...(guide && { what: guide.what, fix: guide.fix, doc_url: `${origin}/docs/errors/${error}` }),
    });
  },
);

const searchDocumentation = ownTool(
  'search_docs',
  'Searches the documentation: guides, error codes, endpoints, what changed.',
  z.strictObject({ query: z.string().min(1).max(MAX_QUERY_CHARS).describe('A few words') }),
  async ({ query }, { services, origin }) => {
    const hits = searchDocs('en', services.gateway.catalog, query).slice(0, MAX_HITS);
    if (hits.length === 0) return answered({ found: [] });
    return answered({
      found: hits.map(({ href, title, heading, excerpt }) => ({
        title: heading === '' ? title : `${title}: ${heading}`,
        url: origin + href,
        excerpt,
      })),
    });
  },
);

export const OWN_TOOLS: ReadonlyMap<string, OwnTool> = new Map(
  [getUsage, explainRequest, searchDocumentation, ...BUDGET_TOOLS].map((tool) => [tool.shape.name, tool]),
);
