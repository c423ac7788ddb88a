// An Atom feed holds what it is given, as text, and is well-formed whatever that is.

import { expect, it } from 'vitest';
import { atomText, type Feed } from '../../src/web/atom.ts';

const entry = {
  id: 'https://p.example/x#1',
  title: ']]></title><script>alert(1)</script> \u0000\u0008 & \uFFFE"',
  url: 'https://p.example/x?a=1&b=2',
  published: '2026-11-01T00:00:00Z',
  updated: '2026-11-02T00:00:00Z',
  html: '<p>Half & half</p>',
};
const feed: Feed = {
  language: 'en',
  title: 'Status',
  author: 'P & Q',
  page: 'https://p.example/x',
  self: 'https://p.example/x.atom',
  entries: [entry, { ...entry, id: 'https://p.example/x#0', updated: '2026-10-01T00:00:00Z' }],
};

it('escapes whatever people typed, and leaves out what XML cannot hold', () => {
  const text = atomText(feed);
  expect(text).toContain(
    '<title>]]&gt;&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;  &amp; &quot;</title>',
  );
  expect(text).toContain('<content type="html">&lt;p&gt;Half &amp; half&lt;/p&gt;</content>');
  expect(text).toContain('href="https://p.example/x?a=1&amp;b=2"');
  expect(text).not.toMatch(/[\0\b\uFFFE]|<script/);
});

it('is as new as its newest entry, and has a moment of its own when it is empty', () => {
  const updated = (text: string) => /<updated>(.*?)<\/updated>/.exec(text)?.[1];
  expect(updated(atomText(feed))).toBe(entry.updated);
  expect(updated(atomText({ ...feed, entries: [] }))).toMatch(/^2026-01-01T/);
});
