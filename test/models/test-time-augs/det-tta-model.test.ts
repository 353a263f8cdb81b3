// DetTTAModel against MMDetection's, and with masks, which that refuses; whole models with the config's own views.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { detector } from '../../../src';
import type { ImageMeta } from '../../../src/data';
import { catalogue } from '../../../src/lab/catalogue';
import { countsFromString, decodeRle, encodeRle } from '../../../src/masks';
import { fillByFormula, goldenJson, image } from '../../golden-data';

interface Plain {
  bboxes: number[];
  scores: number[];
  labels: number[];
}
const { merge } = JSON.parse(readFileSync(join(__dirname, '../../golden/test_time_augmentation.json'), 'utf8')) as {
  merge: (Plain & {
    size: [number, number];
    tta_cfg: object;
    views: (Plain & { flip: boolean; direction: ImageMeta['flipDirection'] | null })[];
  })[];
};
const detectionsOf = ({ bboxes, scores, labels }: Plain) => ({
  bboxes: Float32Array.from(bboxes),
  scores: Float32Array.from(scores),
  labels: Int32Array.from(labels),
});

describe('DetTTAModel', () => {
  it.each(merge.map((one, i) => [i, one] as const))("equals MMDetection's: case %i", (_, one) => {
    const model = catalogue.build('tta_model', { type: 'DetTTAModel', tta_cfg: one.tta_cfg }, { path: 'tta_model' });
    const merged = model(
      one.views.map((view) => ({
        detections: detectionsOf(view),
        meta: { oriShape: one.size, flip: view.flip, flipDirection: view.direction ?? undefined },
      })),
    );
    expect([...merged.labels]).toEqual(one.labels);
    expect(merged.scores).toEqual(Float32Array.from(one.scores));
    for (const [i, v] of one.bboxes.entries()) expect(merged.bboxes[i]).toBeCloseTo(v, 3);
    expect(merged.bboxes).toHaveLength(one.bboxes.length);
  });

  it('turns the masks back, and keeps that of the box it keeps', () => {
    const tta_cfg = { nms: { type: 'nms', iou_threshold: 0.5 }, max_per_img: 10 };
    const model = catalogue.build('tta_model', { type: 'DetTTAModel', tta_cfg }, { path: 'tta_model' });
    const oriShape: [number, number] = [2, 4];
    const bitmap = [1, 1, 0, 0, 1, 0, 0, 0];
    const mirrored = [0, 0, 1, 1, 0, 0, 0, 1];
    const view = (bboxes: number[], score: number, mask: number[]) => ({
      ...detectionsOf({ bboxes, scores: [score], labels: [0] }),
      masks: [encodeRle(mask, 2, 4)],
    });
    const merged = model([
      {
        detections: view(
          [0, 0, 2, 2],
          0.4,
          bitmap.map(() => 1),
        ),
        meta: { oriShape, flip: false },
      },
      { detections: view([2, 0, 4, 2], 0.6, mirrored), meta: { oriShape, flip: true, flipDirection: 'horizontal' } },
    ]);
    expect([...merged.bboxes]).toEqual([0, 0, 2, 2]);
    expect(merged.masks).toHaveLength(1);
    expect([...decodeRle(merged.masks![0])]).toEqual(bitmap);
  });

  it('refuses a tta_cfg without its settings, by name', () => {
    const build = (tta_cfg: object) =>
      catalogue.build('tta_model', { type: 'DetTTAModel', tta_cfg }, { path: 'tta_model' });
    expect(() => build({ nms: { type: 'nms', iou_threshold: 0.5 } })).toThrow(/tta_cfg\.max_per_img/);
    expect(() => build({ nms: { type: 'nms', iou_treshold: 0.5 }, max_per_img: 10 })).toThrow(/iou_threshold/);
  });
});

interface Whole {
  config: object;
  bboxes: number[][];
  scores: number[];
  labels: number[];
  masks?: string[];
}
const whole = goldenJson<{ extra_rules: [string, number][]; models: Record<string, Whole> }>('tta_models');
const [HEIGHT, WIDTH] = [120, 200];

describe('a model with the tta_model and tta_pipeline of its config', () => {
  const folder = mkdtempSync(join(tmpdir(), 'detlab-tta-'));
  const file = join(folder, 'formula.png');
  beforeAll(async () => {
    const bgr = image(HEIGHT, WIDTH);
    const rgb = bgr.map((_, i) => bgr[i - (i % 3) + 2 - (i % 3)]);
    await sharp(rgb, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
      .png()
      .toFile(file);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(Object.entries(whole.models))("finds what MMDetection's finds: %s", async (name, expected) => {
    const config = join(folder, `${name}.json`);
    writeFileSync(config, JSON.stringify(expected.config));
    const model = await detector(config).classes(['a', 'b', 'c']).build();
    fillByFormula(model.detector, '', whole.extra_rules);
    model.detector.eval();
    const found = await model.predict(file, { tta: true });
    expect(found).toHaveLength(expected.scores.length);
    const free = new Set(expected.scores.keys());
    for (const { score, label, bbox, mask } of found) {
      // neighbours in score may change places where they differ by rounding alone
      const match = [...free].find(
        (j) =>
          Math.abs(expected.scores[j] - score) < 1e-4 &&
          'abc'[expected.labels[j]] === label &&
          expected.bboxes[j].every((v, c) => Math.abs(v - bbox[c]) < 1e-2),
      );
      expect(match, `${label} ${score} ${bbox}`).toBeDefined();
      free.delete(match!);
      expect(mask !== undefined).toBe(expected.masks !== undefined);
      if (!mask) continue;
      const counts = countsFromString(expected.masks![match!]);
      const right = decodeRle({ height: HEIGHT, width: WIDTH, counts });
      const differing = decodeRle(mask).reduce((n, v, p) => n + (v === right[p] ? 0 : 1), 0);
      expect(differing).toBeLessThanOrEqual(2); // pixels whose probability is one half but for rounding
    }
    model.dispose();
  });
});
