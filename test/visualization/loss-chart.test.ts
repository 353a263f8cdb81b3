// The loss chart of a long run.

import { expect, test } from 'vitest';
import { VEGA_LITE_MIME } from '../../src/visualization/chart';
import { lossChart, lossChartSpec } from '../../src/visualization/loss-chart';
import { downsampled } from '../../src/visualization/training-curves';
import { pixels } from './pixels';

const steps = Array.from({ length: 500 }, (_, i) => ({
  at: (i + 1) / 100,
  lr: 0.02,
  losses: { loss: 2 - i / 500, '<b>': 1 },
}));
const evaluations = [1, 2].map((at) => ({ at, metrics: { AP: at / 10, AP50: at / 5, AP75: -1 } }));

test('a long run is downsampled to the means of its neighbours', () => {
  const few = downsampled(steps, 100);
  expect(few).toHaveLength(100);
  expect(few[0].losses.loss).toBeCloseTo((2 + 1.998 + 1.996 + 1.994 + 1.992) / 5, 9);
  expect(few.at(-1)!.at).toBe(5);
  const spec = lossChartSpec({ unit: 'epoch', steps, evaluations }) as { vconcat: { data?: { values: unknown[] } }[] };
  expect(spec.vconcat[0].data!.values).toHaveLength(400);
});

test('the loss chart comes as Vega-Lite 5, PNG and text, at every stage of a run', async () => {
  for (const curves of [
    { steps: [], evaluations: [] },
    { steps: steps.slice(0, 1), evaluations: [] },
    { steps, evaluations },
  ]) {
    const bundle = await lossChart({ unit: 'epoch', ...curves }, { title: 'run', total: 5 });
    expect((bundle[VEGA_LITE_MIME] as { $schema: string }).$schema).toMatch(/vega-lite\/v5/);
    expect(bundle['text/html']).toBeUndefined();
    const { width } = await pixels(Buffer.from(bundle['image/png'] as string, 'base64'));
    expect(width).toBeGreaterThan(1000);
  }
  const text = (await lossChart({ unit: 'epoch', steps, evaluations }))['text/plain'] as string;
  expect(text.split('\n')[0]).toMatch(/^loss {2}█.*▁ {2}2\.000 -> 1\.002$/);
  expect(text).toContain('0.200 (best 0.200 after epoch 2)');
});

test('the first part of a resumed run keeps its width, though fewer points are known of it', () => {
  const known = Array.from({ length: 10 }, (_, i) => ({ at: i, lr: 1, losses: { loss: 9 } }));
  const dense = Array.from({ length: 5000 }, (_, i) => ({ at: 10 + i / 500, lr: 1, losses: { loss: 1 } }));
  const shown = downsampled([...known, ...dense], 100);
  expect(shown.length).toBeLessThanOrEqual(100);
  expect(shown.filter(({ at }) => at < 10).map(({ at }) => at)).toEqual(known.map(({ at }) => at));
});
