// Alerts of a partner: what is wrong now, what was, and the rules.

import { uuidCursor } from '../../http/api.ts';
import { may } from '../../partners/permissions.ts';
import { ruleForm } from '../../web/alert-form.ts';
import { EpisodeTable, RuleTable } from '../../web/components/alert-parts.tsx';
import { Empty, Note, Older, Panel } from '../../web/components/parts.tsx';
import { submit, type Wrong } from '../../web/forms.ts';
import { shownAt } from '../../web/view.ts';
import { render } from '../../web/web.ts';
import { actorFor, done, member, Page, type PortalContext, portal } from './portal-web.tsx';

const PAGE_ROWS = 30;
const MAX_OPEN = 100;

async function showAlerts(context: PortalContext, wrong?: Wrong & { rule: string }) {
  const view = shownAt(member(context), '/portal/alerts');
  const { m, workspace } = view;
  const { alerts } = context.var.services;
  const owner = workspace.partner.id;
  const before = uuidCursor(context.req.query('before') || undefined);
  const [open, past, rules] = await Promise.all([
    alerts.list(owner, MAX_OPEN, { isOpen: true }),
    alerts.list(owner, PAGE_ROWS + 1, { isOpen: false, before }),
    alerts.rules(owner),
  ]);
  const byName = new Map(rules.map((rule) => [rule.rule as string, rule]));
  const shown = past.slice(0, PAGE_ROWS);
  return render(
    context,
    <Page view={view} title={m.alerts.nav} about="both">
      <h1>{m.alerts.nav}</h1>
      <p class="prose soft">{m.alerts.about}</p>
      {open.length === 0 ? (
        <Note kind="good">{m.alerts.none}</Note>
      ) : (
        <Panel title={m.alerts.open}>
          <EpisodeTable episodes={open} rules={byName} />
        </Panel>
      )}
      <Panel title={m.alerts.history}>
        {shown.length === 0 ? (
          <Empty title={m.alerts.noHistory} />
        ) : (
          <EpisodeTable episodes={shown} rules={byName} isOver />
        )}
      </Panel>
      <Older rows={past} shown={shown} />
      <Panel title={m.alerts.rules}>
        <RuleTable
          rules={rules}
          action="/portal/alerts"
          mayChange={may(workspace, 'develop')}
          wrong={wrong}
        />
      </Panel>
    </Page>,
    wrong ? 400 : 200,
  );
}

portal.get('/portal/alerts', (context) => showAlerts(context));

portal.post('/portal/alerts/:rule', (context) => {
  const { workspace } = member(context, 'develop');
  const rule = context.req.param('rule');
  return submit(context, ruleForm(rule), {
    async work({ enabled: isEnabled, threshold }) {
      const { alerts } = context.var.services;
      await alerts.set(workspace.partner.id, rule, { isEnabled, threshold }, actorFor(context));
      return done(context, '/portal/alerts', 'saved');
    },
    again: (wrong) => showAlerts(context, { rule, ...wrong }),
  });
});
