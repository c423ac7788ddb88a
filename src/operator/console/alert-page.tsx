// Alerts of partners and of operators, and the rules of operators' own.

import { OPERATOR, RULES } from '../../alerts/rules.ts';
import { uuidCursor } from '../../http/api.ts';
import { ruleForm } from '../../web/alert-form.ts';
import { EpisodeTable, RuleTable } from '../../web/components/alert-parts.tsx';
import { Empty, Note, Older, Panel } from '../../web/components/parts.tsx';
import { submit, type Wrong } from '../../web/forms.ts';
import { shownAt } from '../../web/view.ts';
import { render } from '../../web/web.ts';
import {
  type ConsoleContext,
  ConsolePage,
  done,
  operator,
  operatorActor,
  operatorConsole,
} from './console-web.tsx';

const PAGE_ROWS = 50;

async function showAlerts(context: ConsoleContext, wrong?: Wrong & { rule: string }) {
  const view = shownAt(operator(context), '/operator/alerts');
  const { m } = view;
  const { alerts } = context.var.services;
  const before = uuidCursor(context.req.query('before') || undefined);
  const [open, past, rules] = await Promise.all([
    alerts.list(undefined, PAGE_ROWS, { isOpen: true }),
    alerts.list(undefined, PAGE_ROWS + 1, { isOpen: false, before }),
    alerts.rules(OPERATOR),
  ]);
  const units = new Map(Object.entries(RULES));
  const shown = past.slice(0, PAGE_ROWS);
  return render(
    context,
    <ConsolePage view={view} title={m.console.alerts}>
      <h1>{m.console.alerts}</h1>
      {open.length === 0 ? (
        <Note kind="good">{m.alerts.none}</Note>
      ) : (
        <Panel title={m.alerts.open}>
          <EpisodeTable episodes={open} rules={units} hasOwner />
        </Panel>
      )}
      <Panel title={m.alerts.history}>
        {shown.length === 0 ? (
          <Empty title={m.alerts.noHistory} />
        ) : (
          <EpisodeTable episodes={shown} rules={units} hasOwner isOver />
        )}
      </Panel>
      <Older rows={past} shown={shown} />
      <Panel title={m.alerts.rules}>
        <RuleTable rules={rules} action="/operator/alerts" mayChange wrong={wrong} />
      </Panel>
    </ConsolePage>,
    wrong ? 400 : 200,
  );
}

operatorConsole.get('/operator/alerts', (context) => showAlerts(context));

operatorConsole.post('/operator/alerts/:rule', (context) => {
  operator(context);
  const rule = context.req.param('rule');
  return submit(context, ruleForm(rule), {
    async work({ enabled: isEnabled, threshold }) {
      const { alerts } = context.var.services;
      await alerts.set(OPERATOR, rule, { isEnabled, threshold }, operatorActor(context));
      return done(context, '/operator/alerts', 'saved');
    },
    again: (wrong) => showAlerts(context, { rule, ...wrong }),
  });
});
