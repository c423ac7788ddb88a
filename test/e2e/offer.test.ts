// An API is added by an operator who pastes a document, and called by a developer who read of it: in English on a desk in the
// light, in French on a phone in the dark; at each step axe looks at the page.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { control, eventually, sendJson, stack } from '../support/api.ts';
import { goTo, launch, operatorInBrowser, signInInBrowser } from '../support/browser.ts';
import { type Look, personAt } from '../support/person.ts';

vi.setConfig({ testTimeout: 180_000 });
const PETSTORE = join(import.meta.dirname, '../../node_modules/@readme/oas-examples/3.0/yaml/petstore.yaml');
let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
});

const LOOKS: (Look & { id: string })[] = [
  { id: 'pets-en', language: 'en', width: 1280, themes: ['light'] },
  { id: 'pets-fr', language: 'fr', width: 390, themes: ['dark'] },
];

describe.each(LOOKS)('$language, $width px', ({ id, ...look }) => {
  afterAll(() =>
    sendJson(
      `/api/admin/apis/${id}`,
      'DELETE',
      { reason: 'tried' },
      {
        headers: { authorization: `Bearer ${stack.demo.operator.token}` },
      },
    ),
  );

  it('an operator pastes a document, sees what it offers, and publishes it', async () => {
    const person = await personAt(browser, look);
    const { m, page, context } = person;
    const heading = m.apis.review('Swagger Petstore');
    await operatorInBrowser(page);
    await goTo(page, '/operator/apis');
    await person.follow(m.apis.offer);
    await person.look('adding');
    const broken =
      'openapi: 3.0.0\ninfo: {title: Swagger Petstore, version: "1"}\npaths:\n  pets: {get: {}}\n';
    await person.type(m.apis.document, broken);
    await person.type(m.apis.id, id);
    await person.press(m.apis.look);
    const refusal =
      look.language === 'en' ? /must begin with a slash/ : /doit commencer par une barre oblique/;
    await page.getByText(refusal).first().waitFor();
    await person.look('refused');
    await person.type(m.apis.document, readFileSync(PETSTORE, 'utf8'));
    await person.press(m.apis.look);
    await person.heading(heading);
    await page.getByText(`GET /${id}/pet/findByStatus`).waitFor();
    await person.look('review');
    await person.type(m.apis.upstreams, `${stack.upstream}/pets-of-${id} 1`);
    await person.press(m.apis.publish);
    await person.told(m.done.api_published);
    await person.heading('Swagger Petstore');
    await page.getByText(`${stack.upstream}/pets-of-${id}`).first().waitFor();
    await person.look('published');
    expect(person.problems()).toEqual([]);
    await context.close();
  });

  // The reference has another menu on a phone.
  it.runIf(look.width > 1000)(
    'a developer reads of it, and calls it in the playground with a new test key',
    async () => {
      const person = await personAt(browser, { ...look, themes: [] });
      const { m, page, context } = person;
      await signInInBrowser(page, stack.demo.developer.email, stack.demo.developer.password);
      await goTo(page, '/docs/endpoints');
      await page.getByText(`GET /${id}/pet/findByStatus`).first().waitFor();
      await person.look('endpoints');
      await goTo(page, '/portal/playground');
      await person.press(m.playground.make);
      const field = page.getByPlaceholder('pk_test_…');
      await eventually(
        () => field.inputValue(),
        (value) => value.startsWith('pk_test_'),
      );
      const reference = page.locator('#reference');
      await reference.getByText('PassBI transit API').first().waitFor();
      await reference.getByRole('button', { name: 'PassBI transit API' }).first().click();
      await page.getByText('Swagger Petstore').last().click();
      await reference.getByText(`/${id}/pet`).first().waitFor();
      await reference.locator('button', { hasText: 'Test Request' }).first().click();
      const sent = page.waitForResponse((response) => response.url().includes(`/${id}/`));
      await page.locator('button', { hasText: /^Send/ }).last().click();
      const response = await sent;
      expect([response.status(), await response.request().headerValue('authorization')]).toEqual([
        200,
        `Bearer ${await field.inputValue()}`,
      ]);
      // The sandbox has answered, not the owner's server.
      expect(await control<object[]>('upstream-requests', `pets-of-${id}`)).toEqual([]);
      expect(person.problems()).toEqual([]);
      await context.close();
    },
  );
});
