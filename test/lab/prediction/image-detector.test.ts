// Predictions and evaluations from several views and from tiles, by small detectors trained for a moment.

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LabDataset, Model, PixelImage, Predictions } from '../../../src';
import { ensemble } from '../../../src';
import { decodeImage } from '../../../src/data';
import { flipPixels } from '../../../src/data/pixels/flip';
import { flipBoxes } from '../../../src/geometry/boxes';
import { rleArea, rleToBox } from '../../../src/masks';
import { quick, scenes, small } from '../small';
import { smallMask } from '../small-mask';

let data: LabDataset;
let model: Model;
let image: PixelImage;
beforeAll(async () => {
  data = await scenes(mkdtempSync(join(tmpdir(), 'detlab-views-')));
  model = (await small().fit(data, quick)).model;
  image = await decodeImage(data.evaluated.records[0].path);
}, 60_000);

const boxesOf = (predictions: Predictions) => predictions.map(({ label, score, bbox }) => [label, score, ...bbox]);
function expectClose(a: Predictions, b: Predictions) {
  expect(a).toHaveLength(b.length);
  for (const [i, { label, score, bbox }] of a.entries()) {
    expect(label).toBe(b[i].label);
    expect(score).toBeCloseTo(b[i].score, 4);
    for (const [k, v] of bbox.entries()) expect(v).toBeCloseTo(b[i].bbox[k], 2);
  }
}

describe('views', () => {
  it('of an image and of its mirror image are the same', async () => {
    const mirrored = { ...image, ...flipPixels(image, 'horizontal') } as PixelImage;
    const plain = await model.predict(image, { tta: ['flip'] });
    const other = await model.predict(mirrored, { tta: ['flip'] });
    expect(plain.length).toBeGreaterThan(3);
    const back = [...other];
    for (const one of back)
      one.bbox = [...flipBoxes(Float32Array.from(one.bbox), 'horizontal', [64, 96])] as typeof one.bbox;
    expectClose(back as Predictions, plain);
    expect(boxesOf(plain)).not.toEqual(boxesOf(await model.predict(image)));
  });

  it('are what evaluations see too', async () => {
    const report = await model.evaluate(data, { tta: ['flip', 1, 1.5] });
    expect(report.images).toBe(data.evaluated.records.length);
    const { detections, record } = report.results!.images[0];
    const predictions = await model.predict(record.path, { tta: ['flip', 1, 1.5] });
    expect(predictions.map(({ score }) => score)).toEqual([...detections.scores]);
    expect(predictions.flatMap(({ bbox }) => bbox)).toEqual([...detections.bboxes]);
  });

  it('are refused by name', async () => {
    await expect(model.predict(image, { tta: ['flipp'] as never })).rejects.toThrow(/Did you mean "flip"/);
    await expect(model.predict(image, { ttaa: true } as never)).rejects.toThrow(/unknown option "ttaa".*"tta"/s);
  });
});

describe('tiles', () => {
  it('as large as the image are the image', async () => {
    expect(boxesOf(await model.predict(image, { tiles: 96 }))).toEqual(boxesOf(await model.predict(image)));
  });

  it('find what is in them, in the frame of the image', async () => {
    const tiled = await model.predict(image, { tiles: { size: 48, whole: false, merge: 'nms' } });
    const alone: number[] = [];
    for (const [left, top] of [
      [0, 0],
      [39, 0],
      [48, 0],
      [0, 16],
      [39, 16],
      [48, 16],
    ]) {
      const data = new Uint8Array(48 * 48 * 3);
      for (let y = 0; y < 48; y++)
        data.set(image.data.subarray(3 * ((top + y) * 96 + left), 3 * ((top + y) * 96 + left + 48)), 3 * 48 * y);
      const found = await model.predict({ data, width: 48, height: 48, order: image.order });
      alone.push(...found.map(({ score }) => score));
    }
    expect(tiled.length).toBeGreaterThan(0);
    for (const { score, bbox } of tiled) {
      expect(alone).toContain(score);
      expect(bbox[2]).toBeLessThanOrEqual(96);
    }
    expect(tiled[0].score).toBe(Math.max(...alone));
  });

  it('keep masks, united where boxes are', async () => {
    const { model: masks } = await smallMask()
      .classes(data.classes)
      .build()
      .then((built) => ({ model: built }));
    const tiled = await masks.predict(image, { tiles: { size: [64, 48], overlap: 0.3 } });
    expect(tiled.length).toBeGreaterThan(0);
    for (const { mask, bbox } of tiled) {
      expect([mask!.height, mask!.width]).toEqual([64, 96]);
      if (rleArea(mask!) === 0) continue;
      const [x, y, w, h] = rleToBox(mask!);
      expect(x).toBeGreaterThanOrEqual(Math.floor(bbox[0]) - 1);
      expect(y).toBeGreaterThanOrEqual(Math.floor(bbox[1]) - 1);
      expect(x + w).toBeLessThanOrEqual(Math.ceil(bbox[2]) + 1);
      expect(y + h).toBeLessThanOrEqual(Math.ceil(bbox[3]) + 1);
    }
    await expect(masks.predict(image, { tiles: { size: 48, merge: 'wbf' } })).rejects.toThrow(/predicts masks too/);
  });

  it('are bounded, and their options checked', async () => {
    const large = { data: new Uint8Array(300 * 300 * 3), width: 300, height: 300, order: 'rgb' as const };
    await expect(model.predict(large, { tiles: 1 })).rejects.toThrow(
      /about 90000 tiles of 1 x 1, expected at most 10000/,
    );
    await expect(model.predict(image, { tiles: { size: 48, overlap: 1 } })).rejects.toThrow(/tiles/);
    await expect(model.predict(image, { tiles: { sise: 48 } as never })).rejects.toThrow(/size/);
  });
});

describe('an ensemble', () => {
  it('of one model twice has its boxes and, by NMS, its scores', async () => {
    const twice = ensemble([model, model], { merge: 'nms', iou: 1 });
    const [one] = await twice.predict([image]);
    const plain = await model.predict(image);
    expect(new Set(boxesOf(one).map(String))).toEqual(new Set(boxesOf(plain).map(String)));
    expect(twice.toString()).toMatch(/Ensemble of 2 models, by nms from IoU 1/);
  });

  it('fuses the boxes of several, and evaluates them', async () => {
    const other = (await small().fit(data, { ...quick, seed: 7 })).model;
    const both = ensemble([model, other], { weights: [2, 1], score: 0.02 });
    const report = await both.evaluate(data);
    const { detections, record } = report.results!.images[0];
    const predictions = await both.predict(record.path);
    expect(predictions.map(({ score }) => score)).toEqual([...detections.scores]);
    expect(predictions.length).toBeGreaterThan(0);
  });

  it('refuses what cannot be one', async () => {
    const build = small().classes(['a', 'b']).build();
    expect(() => ensemble([model])).toThrow(/at least two models, received 1/);
    expect(() => ensemble([model, model], { weights: [1] })).toThrow(
      /one weight for each of the 2 models, received \[1\]/,
    );
    expect(() => ensemble([model, model], { weight: [1, 2] } as never)).toThrow(/Did you mean "weights"/);
    expect(() => ensemble([model, model], { merge: 'nms', weights: [1, 2] })).toThrow(/weights is of merge: 'wbf'/);
    const different = await build;
    expect(() => ensemble([model, different])).toThrow(/models of the same classes in the same order/);
    const gone = await small().classes(data.classes).build();
    const withGone = ensemble([model, gone]);
    gone.dispose();
    await expect(withGone.predict(image)).rejects.toThrow(/its weights were freed/);
    await expect(withGone.evaluate(data)).rejects.toThrow(/its weights were freed/);
  });
});
