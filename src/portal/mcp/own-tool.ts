// What a tool of our own is: it costs nothing, and is there for whoever has its scope.

import * as z from 'zod';
import type { Actor } from '../../audit/audit-store.ts';
import { AppError, type FieldErrors } from '../../core/errors.ts';
import type { KeyRecord } from '../../keys/key-record.ts';
import type { Services } from '../services.ts';
import { failed, type ToolResult } from './tool-result.ts';
import type { ToolShape } from './tools.ts';

export interface OwnCaller {
  record: KeyRecord;
  services: Services;
  /** Of the portal. */
  origin: string;
  /** Who is on record for what it changes; undefined where its secret was replaced, and changes nothing any more. */
  actor: Actor | undefined;
}

export interface OwnTool {
  /** That its caller needs. */
  scope: string | null;
  shape: ToolShape;
  call(given: unknown, caller: OwnCaller): Promise<ToolResult>;
}

const annotations = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
};

const wordsOf = ({ message, fields }: AppError): string => {
  const details = (fields.details ?? []) as FieldErrors;
  return [message, ...details.map((each) => `${each.field}: ${each.message}`)].join('\n');
};

/** `hints`: how it differs from what only reads. */
export function ownTool<Schema extends z.ZodObject>(
  name: string,
  description: string,
  schema: Schema,
  call: (given: z.output<Schema>, caller: OwnCaller) => Promise<ToolResult>,
  { scope = null, ...hints }: { scope?: string | null } & Partial<typeof annotations> = {},
): OwnTool {
  const { $schema: _, ...inputSchema } = z.toJSONSchema(schema, { io: 'input' });
  return {
    scope,
    shape: {
      name,
      description: `${description} Costs nothing.`,
      inputSchema: { ...inputSchema, type: 'object' },
      annotations: { ...annotations, ...hints },
    },
    async call(given, caller) {
      if (scope !== null && !caller.record.scopes.includes(scope))
        return failed(`This key lacks the scope ${scope}`);
      const parsed = schema.safeParse(given ?? {});
      if (!parsed.success) return failed(z.prettifyError(parsed.error));
      try {
        return await call(parsed.data, caller);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        return failed(wordsOf(error));
      }
    },
  };
}
