// Interactive HTML: data cannot end its element, scripts are inlined, and the whole runs in a page.

import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { inlineJson, interactiveHtml } from '../../src/visualization/interactive';

const html = (data: unknown) =>
  interactiveHtml({ body: '<p>static</p>', data, scripts: ['sortable'], entry: 'makeTablesSortable' });

test('data of any text stays data', () => {
  const text = '</script><script>alert(1)</script><!-- \u2028 & ü';
  expect(inlineJson(text)).not.toMatch(/[<>&\u2028]/);
  expect(JSON.parse(inlineJson(text))).toBe(text);
  expect(html(text).match(/<\/script>/g)).toHaveLength(2);
});

test('the script is JavaScript, and calls its entry with the root and the data', () => {
  const source = /<script>([\s\S]*)<\/script>/.exec(html({ a: 1 }))![1];
  expect(source).not.toMatch(/: HTMLElement|export/);
  const found: string[] = [];
  const root = {
    querySelector: () => ({ textContent: '{"a":1}' }),
    querySelectorAll: (selector: string) => {
      found.push(selector);
      return [];
    },
  };
  runInNewContext(source, { document: { currentScript: { parentElement: root } } });
  expect(found).toEqual(['table.detlab-sortable']);
});

test('what is shown without scripts comes first', () => {
  expect(html(null)).toMatch(/^<div class="detlab"><p>static<\/p>/);
});
