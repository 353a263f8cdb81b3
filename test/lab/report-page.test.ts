// The page of a report says by itself which images are worst, which classes are confused, and the threshold for a precision.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { browser, withPage } from '../frontends/browser';
import { evaluatedScenes } from './evaluated-scenes';

const folder = mkdtempSync(join(tmpdir(), 'detlab-page-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a saved page answers the three questions', async () => {
  const report = await evaluatedScenes(folder);
  const page = report.page({ worst: 10, precision: 0.9 });
  const file = await page.save(join(folder, 'page.html'));
  const html = readFileSync(file, 'utf8');
  const [pair] = report.confusion().pairs;
  expect(page.findings.join('\n')).toContain(`${pair.truth}, taken for ${pair.detection} ${pair.count} times`);
  const { score } = report.threshold({ precision: 0.9 });
  expect(page.findings.join('\n')).toContain(`Threshold for 90% precision: ${score!.toFixed(3)}`);
  expect(page.findings.at(-1)).toMatch(/^Worst images, with their AP: (\S+ \((0\.\d{3}|–)\)(, |$)){10}/);
  const worst = report.errors().gallery({ worst: 10 }).images;
  for (const [i, { source }] of worst.entries()) expect(html).toContain(`${i + 1}. ${source}`);
  expect(html).not.toMatch(/https?:\/\/(?!www\.w3\.org)/);
  const body = (text: string) => text.slice(text.indexOf('<body>'));
  const same = readFileSync(await report.errors().save(join(folder, 'errors.html')), 'utf8');
  expect(body(same).length).toBe(body(html).length);
  expect(String(page)).toContain('Classes confused most often');
  if (!browser) return;
  await withPage(file, async (opened) => {
    expect(await opened.locator('h2').allTextContents()).toEqual([
      'Kinds of error',
      'The 10 worst images, truths left, predictions right',
      'Confusion matrix',
      'Thresholds',
      'Curves',
      'Average precision',
    ]);
    // each finding leads to its section
    const links = opened.locator('h1 + ul a');
    expect(await links.count()).toBe(page.findings.length);
    for (const link of await links.all())
      expect(await opened.locator(`section${await link.getAttribute('href')}`).count()).toBe(1);
    expect(await opened.locator('section:nth-of-type(2) .detlab-live-tile').count()).toBe(10);
  });
});
