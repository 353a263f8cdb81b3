// The loss chart of a run: smoothed lines over their values, the validation loss beside them, in HTML, PNG, SVG and text.

import { expect, test } from 'vitest';
import { renderSvg, svgFile } from '../../src/visualization/chart';
import { panelsSpec } from '../../src/visualization/chart-panel';
import { liveLossChart, lossChart, lossPanels } from '../../src/visualization/loss-chart';
import { smoothed } from '../../src/visualization/training-curves';
import { pixels } from './pixels';

const steps = Array.from({ length: 500 }, (_, i) => ({
  at: (i + 1) / 100,
  lr: 0.02,
  losses: { loss: 2 - i / 500 + (i % 2), '<b>': 1 },
}));
const evaluations = [1, 2].map((at) => ({
  at,
  metrics: { AP: at / 10, AP50: at / 5, AP75: -1 },
  losses: { loss: 1 / at, '<b>': 0.5 },
}));
const unit = 'epoch';

test('the lines are smoothed, with their values faint below, and the validation loss is beside them', () => {
  const [losses, precision, rate] = lossPanels({ unit, steps, evaluations }, { total: 5 });
  expect(losses.series.map(({ name }) => name)).toEqual(['loss', 'val/loss', '<b>']);
  const [sum, validation] = losses.series;
  expect(sum.raw).toHaveLength(200);
  expect(sum.points).toEqual(smoothed(sum.raw!));
  expect(validation).toMatchObject({
    points: [
      [1, 1],
      [2, 0.5],
    ],
    dashed: true,
  });
  expect(validation.raw).toBeUndefined();
  expect(precision.series.map(({ points }) => points[1][1])).toEqual([0.2, 0.4, 0]);
  expect(rate.series[0].raw).toBeUndefined();
  expect(lossPanels({ unit, steps, evaluations: [] })).toHaveLength(2);
});

test('while training it is HTML of any width without a PNG; at the end there is one', async () => {
  for (const curves of [
    { steps: [], evaluations: [] },
    { steps: steps.slice(0, 1), evaluations: [] },
    { steps, evaluations },
  ]) {
    const live = liveLossChart({ unit, ...curves }, { title: 'run', total: 5 });
    const html = live['text/html'] as string;
    expect(html).not.toMatch(/NaN|Infinity|undefined|<img|<script/);
    expect(html).not.toMatch(/background:(?!#|currentColor)|width:\d{3,}px/);
    // a plot is as wide as the page lets it be
    expect(html.match(/preserveAspectRatio="none" style="[^"]*width:100%;height:100%/g)?.length).toBe(
      curves.evaluations.length > 0 ? 3 : 2,
    );
    const bundle = await lossChart({ unit, ...curves }, { title: 'run', total: 5 });
    const [, png] = /src="data:image\/png;base64,([^"]+)"/.exec(bundle['text/html'] as string)!;
    expect((await pixels(Buffer.from(png, 'base64'))).width).toBeGreaterThan(700);
  }
});

test('a saved SVG has the ink of the page, and the same numbers', async () => {
  const spec = panelsSpec(lossPanels({ unit, steps, evaluations }));
  const svg = await svgFile(spec);
  expect(svg).toContain('prefers-color-scheme:dark');
  expect(svg).toContain('stroke="currentColor"');
  expect(svg.replace(/<style>.*?<\/style>/, '')).toBe(await renderSvg(spec));
});

test('the text has what the chart has', () => {
  const text = liveLossChart({ unit, steps, evaluations })['text/plain'] as string;
  expect(text.split('\n')[0]).toMatch(/^loss {6}█?.* {2}2\.000 -> 2\.002$/);
  expect(text).toMatch(/^val\/loss {2}█▁ {2}1\.000 -> 0\.500$/m);
  expect(text).toContain('0.200 (best 0.200 after epoch 2)');
});
