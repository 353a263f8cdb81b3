// The detections of one image in Node, ONNX Runtime and Chromium.

import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import sharp from 'sharp';
import { expect } from 'vitest';
import type { Model } from '../../src';
import { decodeImage } from '../../src/data/loading/decode';
import type { ImageRecord } from '../../src/data/types';
import { bboxOverlaps } from '../../src/geometry/boxes';
import { detectorPath, objectAt, preprocessorOptions } from '../../src/lab/config-access';
import { testSample } from '../../src/lab/test-sample';
import { withPage } from '../frontends/browser';
import { detectionsOf, feeds } from '../onnx/exported';
import { disagreement, type Found } from './agreement';
import { foundIn, give } from './web-page';

/** Detections in ONNX Runtime, in pixels of the image. */
async function inOnnxRuntime(
  model: Model,
  image: Buffer,
  file: string,
  precision: 'float32' | 'float16' = 'float32',
): Promise<Found[]> {
  const pixels = await decodeImage(image);
  const sample = await testSample(pixels, model.config, 'scene');
  const { imgShape, scaleFactor, padParam: [top, , left] = [0, 0, 0, 0] } = sample.meta;
  const saved = model.save(file, { size: paddedSize(model, imgShape), precision });
  const session = await ort.InferenceSession.create(saved, { logSeverityLevel: 3, intraOpNumThreads: 1 });
  const results = await session.run(feeds(model.detector, [sample], session.inputNames));
  await session.release();
  const [{ bboxes, scores, labels }] = detectionsOf({
    boxes: results.boxes,
    scores: results.scores,
    labels: results.labels,
  });
  const limits = [pixels.width, pixels.height];
  // MMYOLO's heads clip at last, to the original image
  const clips = objectAt(model.config, detectorPath(model.config)).type === 'YOLODetector';
  return Array.from(labels, (label, i) => ({
    label: model.classes[label],
    score: scores[i],
    bbox: [0, 1, 2, 3].map((k) => {
      const placed = (bboxes[4 * i + k] - (k & 1 ? top : left)) / scaleFactor[k & 1];
      return clips ? Math.min(Math.max(placed, 0), limits[k & 1]) : placed;
    }),
  }));
}

function paddedSize({ config }: Model, shape: readonly number[]): [number, number] {
  const { pad_size_divisor = 1 } = preprocessorOptions(config) as { pad_size_divisor?: number };
  return [0, 1].map((k) => Math.ceil(shape[k] / pad_size_divisor) * pad_size_divisor) as [number, number];
}

const shown = ({ label, score, bbox }: Found) =>
  `${label} ${score.toFixed(5)} at ${bbox.map((v) => v.toFixed(2)).join(', ')}`;

/** Of the sure detections those without a partner in another list, near enough for half precision. */
const sureAlone = (a: readonly Found[], b: readonly Found[]): Found[] =>
  a.filter(({ label, score, bbox }) => {
    const box = Float32Array.from(bbox);
    const isPartner = (other: Found) =>
      other.label === label &&
      Math.abs(other.score - score) < 0.03 &&
      bboxOverlaps(box, Float32Array.from(other.bbox))[0] > 0.9;
    return score > 0.3 && !b.some(isPartner);
  });

/**
 * The model is sure of something that is in the image, and Node, ONNX Runtime and Chromium find the same; ONNX Runtime in half precision what the model is sure of.
 */
export async function expectSameEverywhere(
  model: Model,
  { path, truths }: Pick<ImageRecord, 'path' | 'truths'>,
  dir: string,
): Promise<void> {
  // browsers' JPEG decoders may round otherwise
  const image = await sharp(path).png().toBuffer();
  const expected = [...(await model.predict(image))];
  expect(expected[0]?.score, model.name).toBeGreaterThan(0.5);
  const overlaps = bboxOverlaps(Float32Array.from(expected[0].bbox), truths.bboxes);
  expect(Math.max(...overlaps), model.name).toBeGreaterThan(0.5);
  const agree = (found: readonly Found[], where: string) => {
    const { alone, box, score } = disagreement(expected, found);
    expect(alone.map(shown), where).toEqual([]);
    expect(box, where).toBeLessThan(1e-2);
    expect(score, where).toBeLessThan(1e-4);
  };
  agree(await inOnnxRuntime(model, image, join(dir, `${model.name}.onnx`)), 'ONNX Runtime');
  const halves = await inOnnxRuntime(model, image, join(dir, `${model.name} half.onnx`), 'float16');
  expect(sureAlone(expected, halves), 'half precision').toEqual([]);
  expect(sureAlone(halves, expected), 'in half precision alone').toEqual([]);
  const page = model.save(join(dir, `${model.name}.html`));
  await withPage(
    page,
    async (opened) => {
      const [found] = await give(opened, [{ name: 'scene.png', mimeType: 'image/png', buffer: image }]);
      agree(foundIn(found, model.classes), 'Chromium');
    },
    ['--disable-3d-apis'],
  );
}
