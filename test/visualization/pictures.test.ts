import sharp from 'sharp';
import { expect, test } from 'vitest';
import type { PixelImage } from '../../src/data/types';
import { renderPng, sparkline, VEGA_LITE_MIME } from '../../src/visualization/chart';
import { comparisonSpec } from '../../src/visualization/comparison';
import { drawBoxes } from '../../src/visualization/draw-boxes';
import { drawGrid } from '../../src/visualization/image-grid';
import { lossChart, lossChartSpec } from '../../src/visualization/loss-chart';
import { colourOf, inkOn } from '../../src/visualization/palette';
import { downsampled } from '../../src/visualization/training-curves';

/** Gray, with one pure blue pixel row at the top, in BGR. */
function image(width: number, height: number, order: 'bgr' | 'rgb' = 'bgr'): PixelImage {
  const data = new Uint8Array(width * height * 3).fill(128);
  for (let x = 0; x < width; x++) data.set(order === 'bgr' ? [255, 0, 0] : [0, 0, 255], x * 3);
  return { data, width, height, order };
}

async function pixels(png: Buffer) {
  const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number) => [...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3)];
  return { width: info.width, height: info.height, at };
}
const rgb = (colour: string) => [1, 3, 5].map((i) => Number.parseInt(colour.slice(i, i + 2), 16));

test("boxes stand where they belong, in their class's colour, on pixels in their own colours", async () => {
  for (const order of ['bgr', 'rgb'] as const) {
    const png = await drawBoxes(image(100, 50, order), [{ bbox: [20, 10, 60, 40], classIndex: 2 }], { minSize: 800 });
    const { width, height, at } = await pixels(png);
    expect([width, height]).toEqual([800, 400]);
    expect(at(400, 2)).toEqual([0, 0, 255]);
    expect(at(160, 200)).toEqual(rgb(colourOf(2)));
    expect(at(480, 200)).toEqual(rgb(colourOf(2)));
    expect(at(320, 320)).toEqual(rgb(colourOf(2)));
    expect(at(320, 200)).toEqual([128, 128, 128]);
    expect(at(100, 200)).toEqual([128, 128, 128]);
  }
});

test('a label of a box at the upper edge stays inside the picture; large images are not enlarged', async () => {
  const png = await drawBoxes(image(900, 600), [{ bbox: [100, 0, 300, 300], classIndex: 0, text: 'person 0.99' }]);
  const { width, at } = await pixels(png);
  expect(width).toBe(900);
  const [r, g, b] = at(102, 10);
  expect(r - Math.max(g, b)).toBeGreaterThan(100);
  expect((await pixels(await drawBoxes(image(3000, 1000), []))).width).toBe(1400);
});

test('a grid has its images, captions and legend', async () => {
  const cell = {
    image: image(120, 60),
    boxes: [{ bbox: [0, 0, 50, 50], classIndex: 1 }],
    caption: '/a/very/long/path'.repeat(9),
  };
  const png = await drawGrid([cell, cell, cell, cell], { columns: 3, cellWidth: 120, legend: ['cat', 'dog'] });
  const { width, height, at } = await pixels(png);
  expect([width, height]).toEqual([3 * 120 + 4 * 12, 12 + 2 * (60 + 22 + 12) + 26]);
  expect(at(16, height - 26 + 10)).toEqual(rgb(colourOf(0)));
  expect(at(2, 2)).toEqual([255, 255, 255]);
  expect((await pixels(await drawGrid([]))).height).toBeGreaterThan(0);
});

test('forty classes have forty colours, and ink that can be read', () => {
  const colours = Array.from({ length: 40 }, (_, i) => colourOf(i));
  expect(new Set(colours).size).toBe(40);
  for (const colour of colours) expect(colour).toMatch(/^#[0-9a-f]{6}$/);
  expect(inkOn('#ffff00')).toBe('#000000');
  expect(inkOn('#7a5c00')).toBe('#ffffff');
});

const steps = Array.from({ length: 500 }, (_, i) => ({
  at: (i + 1) / 100,
  lr: 0.02,
  losses: { loss: 2 - i / 500, '<b>': 1 },
}));
const evaluations = [1, 2].map((at) => ({ at, metrics: { AP: at / 10, AP50: at / 5, AP75: -1 } }));

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

test('a long run is downsampled to the means of its neighbours', () => {
  const few = downsampled(steps, 100);
  expect(few).toHaveLength(100);
  expect(few[0].losses.loss).toBeCloseTo((2 + 1.998 + 1.996 + 1.994 + 1.992) / 5, 9);
  expect(few.at(-1)!.at).toBe(5);
  const spec = lossChartSpec({ unit: 'epoch', steps, evaluations }) as { vconcat: { data?: { values: unknown[] } }[] };
  expect(spec.vconcat[0].data!.values).toHaveLength(400);
});

test('a comparison draws while some of its recipes are still to come', async () => {
  const spec = comparisonSpec([
    { name: 'FPN', evaluations, parameters: 1 },
    { name: 'PAFPN', evaluations: [], parameters: 1 },
  ]);
  expect((await pixels(await renderPng(spec))).width).toBeGreaterThan(600);
});

test('sparklines', () => {
  expect(sparkline([0, 1, 2, 3])).toBe('▁▃▆█');
  expect(sparkline([1, 1])).toBe('▁▁');
  expect(sparkline([Number.NaN])).toBe('');
  expect([
    ...sparkline(
      Array.from({ length: 1000 }, (_, i) => i),
      10,
    ),
  ]).toHaveLength(10);
});
