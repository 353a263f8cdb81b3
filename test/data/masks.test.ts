// Masks on their way through a pipeline, and proposals.

import { mkdtempSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ModuleConfig } from '../../src/catalogue/registry';
import { withProposals } from '../../src/data/datasets/proposal-file';
import { streamFor } from '../../src/data/loading/random-streams';
import { buildPipeline } from '../../src/data/pipeline';
import type { ImageRecord, PixelImage } from '../../src/data/types';
import { flipRle, padRle, polygonsToRle, resizeRle, rleArea, toRles } from '../../src/masks';
import { toInstances } from '../../src/models/task-modules';

const [W, H] = [60, 40];
const star = [10, 20, 18, 6, 25, 20.5, 40, 22, 24, 30];
const record: ImageRecord = {
  id: 1,
  path: '/images/val/one.png',
  width: W,
  height: H,
  truths: {
    bboxes: Float32Array.from([10, 6, 40, 30, 2, 3, 8, 9, 0, 0, 20, 20, 5, 5, 9, 9]),
    labels: Int32Array.from([0, 1, 2, 1]),
    ignored: Uint8Array.from([0, 0, 1, 0]),
  },
  areas: Float32Array.from([300, 36, 400, 16]),
  annotationIds: [1, 2, 3, 4],
  segmentations: [
    [star, [1, 2, 3, 4]], // the second part is no polygon
    [[2, 3, 2, 9, 8, 9, 8, 3]],
    { size: [H, W], counts: [0, 800, 1600] },
    undefined,
  ],
};
const pixels: PixelImage = { data: new Uint8Array(W * H * 3), width: W, height: H, order: 'rgb' };
const run = (steps: ModuleConfig[], of = record, seed = 0) =>
  buildPipeline([...steps, { type: 'PackDetInputs' }]).run(of, streamFor(seed), pixels);
const load = { type: 'LoadAnnotations', with_mask: true };
const whole = polygonsToRle([star], H, W);

describe('LoadAnnotations', () => {
  it('reads bitmaps, and ignores what has no outline', async () => {
    const { truths } = await run([load]);
    expect(truths.masks).toMatchObject({ kind: 'bitmap', height: H, width: W });
    const masks = toRles(truths.masks!);
    expect(masks[0]).toEqual(whole);
    expect(masks.map(rleArea).slice(1)).toEqual([36, 800, 0]);
    expect([...truths.ignored]).toEqual([0, 0, 1, 1]);
    expect([...record.truths.ignored]).toEqual([0, 0, 1, 0]);
  });
  it('keeps polygons, and ignores run lengths', async () => {
    const { truths } = await run([{ ...load, poly2mask: false }]);
    expect(truths.masks!.kind).toBe('polygon');
    expect((truths.masks!.masks as Float64Array[][])[0].map((p) => [...p])).toEqual([star]);
    expect([...truths.ignored]).toEqual([0, 0, 1, 1]);
  });
  it('says where masks are missing', async () => {
    await expect(run([load], { ...record, segmentations: undefined })).rejects.toThrow(/one\.png.*no segmentation/);
    const bare = { bboxes: new Float32Array(0), labels: new Int32Array(0), ignored: new Uint8Array(0) };
    const { truths } = await run([load], { ...record, truths: bare, segmentations: undefined });
    expect(truths.masks!.masks).toEqual([]);
  });
});

describe('masks move with the pixels', () => {
  it('through Resize, RandomFlip and Pad', async () => {
    const resize = { type: 'Resize', scale: [90, 70], keep_ratio: true };
    const { truths, image } = await run([
      load,
      resize,
      { type: 'RandomFlip', prob: 1 },
      { type: 'Pad', size_divisor: 32 },
    ]);
    expect([image.height, image.width]).toEqual([64, 96]);
    const expected = padRle(flipRle(resizeRle(whole, 60, 90), 'horizontal'), 64, 96);
    expect(toRles(truths.masks!)[0]).toEqual(expected);
  });
  it('as polygons without loss', async () => {
    const steps = [
      { ...load, poly2mask: false },
      { type: 'Resize', scale: [90, 60] },
      { type: 'RandomFlip', prob: 1 },
    ];
    const { truths } = await run(steps);
    const [[part]] = truths.masks!.masks as Float64Array[][];
    expect([...part]).toEqual(star.map((v, i) => (i & 1 ? v * 1.5 : 90 - v * 1.5)));
    expect(truths.masks).toMatchObject({ height: 60, width: 90 });
  });
  it('and to the truths that are learnt', async () => {
    const { truths } = await run([load]);
    const { masks, labels } = toInstances(truths);
    expect([...labels]).toEqual([0, 1]);
    expect(toRles(masks!)[0]).toEqual(whole);
  });
});

describe('random scales', () => {
  const sizes = async (step: ModuleConfig) => {
    const found = [];
    for (let i = 0; i < 40; i++) found.push((await run([step], record, i)).image);
    return found;
  };
  it('RandomResize draws between two scales, or a multiple of one', async () => {
    const between = await sizes({
      type: 'RandomResize',
      scale: [
        [200, 20],
        [200, 30],
      ],
      keep_ratio: true,
    });
    const heights = new Set(between.map((image) => image.height));
    expect(Math.min(...heights)).toBe(20);
    expect(Math.max(...heights)).toBe(30);
    const multiples = await sizes({ type: 'RandomResize', scale: [60, 40], ratio_range: [0.5, 2] });
    for (const { width, height } of multiples) {
      expect(width).toBeGreaterThanOrEqual(30);
      expect(width).toBeLessThanOrEqual(120);
      expect(Math.abs(height - (width * 2) / 3)).toBeLessThan(1.5);
    }
    expect(() => buildPipeline([{ type: 'RandomResize', scale: [60, 40] }, { type: 'PackDetInputs' }])).toThrow(
      /ratio_range/,
    );
  });
  it('RandomChoiceResize takes one of its scales', async () => {
    const images = await sizes({
      type: 'RandomChoiceResize',
      scales: [
        [30, 20],
        [90, 60],
      ],
      keep_ratio: true,
    });
    expect(new Set(images.map((image) => image.width))).toEqual(new Set([30, 90]));
  });
});

describe('proposals', () => {
  const proposals = { bboxes: Float32Array.from([0, 0, 10, 10, 5, 5, 30, 30]), scores: Float32Array.from([0.9, 0.1]) };
  it('are loaded, moved and packed', async () => {
    const steps = [
      { type: 'LoadProposals', num_max_proposals: 1 },
      {
        type: 'ProposalBroadcaster',
        transforms: [
          { type: 'Resize', scale: [120, 80] },
          { type: 'RandomFlip', prob: 1 },
        ],
      },
    ];
    const packed = await run(steps, { ...record, proposals });
    expect([...packed.proposals!.bboxes]).toEqual([100, 0, 120, 20]);
    expect([...packed.proposals!.scores]).toEqual([Math.fround(0.9)]);
    expect(proposals.bboxes[2]).toBe(10);
    await expect(run(steps)).rejects.toThrow(/proposal_file/);
  });
  it('come from a file by folder and name', async () => {
    const dir = mkdtempSync(path.join(os.tmpdir(), 'detlab-proposals-'));
    const file = path.join(dir, 'p.json');
    const data = { name: 'x', classes: ['a'], records: [record], problems: [] };
    writeFileSync(file, JSON.stringify({ 'val/one.png': { bboxes: [[1, 2, 3, 4]], scores: [0.5] } }));
    expect([...(await withProposals(data, file)).records[0].proposals!.bboxes]).toEqual([1, 2, 3, 4]);
    writeFileSync(file, JSON.stringify({ 'val/two.png': { bboxes: [], scores: [] } }));
    await expect(withProposals(data, file)).rejects.toThrow(/none for "val\/one\.png"/);
    await expect(withProposals(data, 'p.pkl')).rejects.toThrow(/expected a \.json file/);
  });
});
