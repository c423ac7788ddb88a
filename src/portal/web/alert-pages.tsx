// Alerts of a partner: what is wrong now, what was, and the rules.

import { AppError } from '../../core/errors.ts';
import { uuidCursor } from '../../http/api.ts';
import { may } from '../../partners/permissions.ts';
import { ruleForm } from '../../web/alert-form.ts';
import { EpisodeTable, RuleTable } from '../../web/components/alert-parts.tsx';
import { Empty, Note, Older, Panel } from '../../web/components/parts.tsx';
import { readForm, render } from '../../web/web.ts';
import { actorFor, done, member, Page, portal } from './portal-web.tsx';

const PAGE_ROWS = 30;
const MOST_OPEN = 100;

portal.get('/portal/alerts', async (context) => {
  const view = member(context);
  const { m, workspace } = view;
  const { alerts } = context.var.services;
  const owner = workspace.partner.id;
  const before = uuidCursor(context.req.query('before') || undefined);
  const [open, past, rules] = await Promise.all([
    alerts.list(owner, MOST_OPEN, { isOpen: true }),
    alerts.list(owner, PAGE_ROWS + 1, { isOpen: false, before }),
    alerts.rules(owner),
  ]);
  const byName = new Map(rules.map((rule) => [rule.rule as string, rule]));
  const shown = past.slice(0, PAGE_ROWS);
  return render(
    context,
    <Page view={view} title={m.alerts.nav}>
      <h1>{m.alerts.nav}</h1>
      <p class="prose soft">{m.alerts.about}</p>
      {open.length === 0 ? (
        <Note kind="good">{m.alerts.none}</Note>
      ) : (
        <Panel title={m.alerts.open}>
          <EpisodeTable view={view} episodes={open} rules={byName} />
        </Panel>
      )}
      <Panel title={m.alerts.history}>
        {shown.length === 0 ? (
          <Empty title={m.alerts.noHistory} />
        ) : (
          <EpisodeTable view={view} episodes={shown} rules={byName} />
        )}
      </Panel>
      <Older view={view} rows={past} shown={shown} />
      <Panel title={m.alerts.rules}>
        <RuleTable view={view} rules={rules} action="/portal/alerts" mayChange={may(workspace, 'develop')} />
      </Panel>
    </Page>,
  );
});

portal.post('/portal/alerts/:rule', async (context) => {
  const { workspace } = member(context, 'develop');
  const { data } = await readForm(context, ruleForm);
  if (!data) throw new AppError('validation_error');
  const setting = { isEnabled: data.enabled, threshold: data.threshold };
  await context.var.services.alerts.set(
    workspace.partner.id,
    context.req.param('rule'),
    setting,
    actorFor(context),
  );
  return done(context, '/portal/alerts', 'saved');
});
