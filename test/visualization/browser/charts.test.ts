// Charts of Vega in a page: points and bars say their values under the pointer.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { chartBundle } from '../../../src/visualization/chart';
import { comparisonSpec } from '../../../src/visualization/comparison';
import { saveAs } from '../../../src/visualization/savable';
import { browser, withPage } from '../../frontends/browser';
import { report } from '../report';

const folder = mkdtempSync(join(tmpdir(), 'detlab-charts-'));
afterAll(() => rmSync(folder, { recursive: true }));

const contestant = (name: string, ap: number) => ({
  name,
  report: { ...report, metrics: { AP: ap }, perClass: [] },
  evaluations: [{ at: 1, metrics: { AP: ap / 2 } }],
  parameters: 1,
});

describe.skipIf(!browser)('a saved chart', () => {
  test('the values under the pointer', { timeout: 60_000 }, async () => {
    const spec = comparisonSpec([contestant('<b>FPN</b>', 0.5), contestant('PAFPN', 0.25)]);
    const html = String((await chartBundle(spec, ''))['text/html']);
    await withPage(await saveAs('chart', { html: () => html }, join(folder, 'chart.html')), async (page) => {
      const underPointer = (role: string) =>
        page.evaluate<string[]>(`
          [...document.querySelectorAll('[aria-roledescription="${role}"][aria-label]')].map((mark) => {
            const { x, y, width, height } = mark.getBoundingClientRect();
            const hit = document.elementFromPoint(x + width / 2, y + height / 2);
            return hit === mark ? mark.querySelector('title').textContent : 'nothing';
          })`);
      expect(await underPointer('point')).toEqual([
        'epoch: 1\nvalue: 0.25\nrecipe: <b>FPN</b>\nrun: 0',
        'epoch: 1\nvalue: 0.125\nrecipe: PAFPN\nrun: 0',
      ]);
      expect(await underPointer('bar')).toEqual([
        expect.stringMatching(/value: 0\.5/),
        expect.stringMatching(/value: 0\.25/),
      ]);
    });
  });
});
