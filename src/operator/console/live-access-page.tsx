// Who waits for live access, the oldest first; answered on the partner's page.

import { Empty } from '../../web/components/parts.tsx';
import { render } from '../../web/web.ts';
import { ConsolePage, operator, operatorConsole } from './console-web.tsx';
import { WaitingTable } from './live-access-parts.tsx';

const MAX_WAITING = 200;

operatorConsole.get('/operator/live-access', async (context) => {
  const view = operator(context);
  const { m } = view;
  const waiting = await context.var.services.liveAccess.queue(MAX_WAITING);
  return render(
    context,
    <ConsolePage view={view} title={m.liveAccess.queue}>
      <h1>{m.liveAccess.queue}</h1>
      <section class="panel">
        {waiting.length === 0 ? <Empty title={m.liveAccess.nobody} /> : <WaitingTable requests={waiting} />}
      </section>
    </ConsolePage>,
  );
});
