// The audit of all partners, or of one.

import * as z from 'zod';
import { numberCursor } from '../../http/api.ts';
import { Older } from '../../web/components/parts.tsx';
import { AuditTable } from '../../web/components/usage-tables.tsx';
import { render } from '../../web/web.ts';
import { ConsolePage, operator, operatorConsole } from './console-web.tsx';

const PAGE_ROWS = 50;

operatorConsole.get('/operator/audit', async (context) => {
  const view = operator(context);
  const { m } = view;
  const partnerId =
    z
      .uuid()
      .optional()
      .catch(undefined)
      .parse(context.req.query('partner') || undefined) ?? null;
  const { audit } = context.var.services;
  const rows = await audit.list(
    partnerId,
    PAGE_ROWS + 1,
    numberCursor(context.req.query('before') || undefined),
  );
  const shown = rows.slice(0, PAGE_ROWS);
  return render(
    context,
    <ConsolePage view={view} title={m.nav.audit}>
      <h1>{m.nav.audit}</h1>
      <section class="panel">
        <AuditTable entries={shown} hasPartner />
      </section>
      <Older rows={rows} shown={shown} />
    </ConsolePage>,
  );
});
