// The playground: the offered APIs as a reference that really sends requests, through the gateway, with a test key.
// The key is kept by the browser for the session only; live keys are never put in.

import { raw } from 'hono/html';
import { AppError } from '../../core/errors.ts';
import { may } from '../../partners/permissions.ts';
import { Panel } from '../../web/components/parts.tsx';
import { refusalText } from '../../web/forms.ts';
import type { View } from '../../web/view.ts';
import { referencePolicy, render } from '../../web/web.ts';
import { scopesOf } from './key-form.tsx';
import { actorFor, member, Page, type PortalContext, portal } from './portal-web.tsx';
import { referenceSources } from './reference.ts';

const PLAYGROUND_KEY = 'Playground';
const KEY_HOURS = 24;

export const referenceScripts = (context: PortalContext) => {
  const { view, services } = context.var;
  const settings = {
    library: view.assets['reference.js'],
    language: view.language,
    theme: view.theme,
    ...referenceSources(services.gateway.catalog, view.language),
  };
  return (
    <>
      <script type="application/json" id="reference-settings" nonce={view.nonce}>
        {raw(JSON.stringify(settings).replaceAll('<', '\\u003c'))}
      </script>
      <script type="module" nonce={view.nonce} src={view.assets['playground.js']} />
    </>
  );
};

/** Where it goes. Its script replaces what is in it. */
export const Reference = ({ view }: { view: View }) => (
  <>
    <noscript>
      <p>
        {view.m.playground.noScript} <a href="/docs/api">/docs/api</a>
      </p>
    </noscript>
    <div id="reference" class="reference">
      <p class="soft hidden" data-loading>
        {view.m.docs.loading}
      </p>
    </div>
  </>
);

portal.get('/portal/playground', (context) => {
  const view = member(context);
  const { m } = view;
  context.header('content-security-policy', referencePolicy(view.nonce));
  return render(
    context,
    <Page view={view} title={m.nav.playground} about="test" scripts={referenceScripts(context)}>
      <h1>{m.nav.playground}</h1>
      <Panel title={m.playground.key}>
        <div class="pad stack">
          <p>{m.playground.keyText}</p>
          <div class="inline">
            <div>
              <label for="playground-key">{m.playground.paste}</label>
              <input
                id="playground-key"
                class="mono"
                size={44}
                autocomplete="off"
                spellcheck={false}
                placeholder="pk_test_…"
                data-live-refused={m.playground.noLive}
              />
            </div>
            {may(view.workspace, 'develop') && (
              <button type="button" class="button" data-playground-key="/portal/playground/key">
                {m.playground.make}
              </button>
            )}
          </div>
          <p class="error" role="alert" data-playground-error />
          <div class="hidden">
            <p class="label">{m.playground.limits}</p>
            <pre class="prewrap" data-limits />
          </div>
        </div>
      </Panel>
      <Reference view={view} />
    </Page>,
  );
});

/** A test key for a day; the last one of this name ends. */
portal.post('/portal/playground/key', async (context) => {
  const { workspace } = member(context, 'develop');
  const { keys, gateway } = context.var.services;
  const actor = actorFor(context);
  const known = (await keys.list(workspace.partner.id, { environment: 'test' })).find(
    ({ name, isActive, kind }) => name === PLAYGROUND_KEY && isActive && kind === 'bearer',
  );
  const expiresAt = new Date(context.var.view.nowMs + KEY_HOURS * 3_600_000).toISOString();
  // Of what is offered now: APIs may have come since the last one was made.
  const scopes = scopesOf(gateway.catalog).filter((scope) => !scope.startsWith('keys:'));
  try {
    if (known) {
      const { secret } = await keys.rotate(workspace.partner.id, known.keyId, 0, actor);
      await keys.change(workspace.partner.id, known.keyId, { expiresAt, scopes }, actor);
      return context.json({ secret });
    }
    const { secret } = await keys.create(
      workspace.partner.id,
      {
        name: PLAYGROUND_KEY,
        kind: 'bearer',
        environment: 'test',
        scopes,
        expiresAt,
      },
      actor,
    );
    return context.json({ secret });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return context.json({ problem: refusalText(context.var.view, error.message) }, 409);
  }
});
