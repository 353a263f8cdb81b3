// Class activation maps: the gradient of a detection's score with respect to a layer is that of finite differences, and the
// candidate that is differentiated is the one that was detected.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Model, type PixelImage, startEngine } from '../../../src';
import { eigenCam, gradCam, layerCam } from '../../../src/analysis/activation-maps';
import { scoreGradients } from '../../../src/lab/cam';
import { withOutputs } from '../../../src/lab/layer-outputs';
import { locateDetection, scoresOfPrediction } from '../../../src/lab/locate-detection';
import { testSample } from '../../../src/lab/test-sample';
import type { DetBatch } from '../../../src/models/types';
import { Random } from '../../../src/random';
import { shrunk } from '../shrunk';
import { small } from '../small';

const folder = mkdtempSync(join(tmpdir(), 'detlab-cam-'));
beforeAll(async () => void (await startEngine({ threads: 1 })));
afterAll(() => rmSync(folder, { recursive: true }));

const random = Random.seeded(4);
const image: PixelImage = {
  data: Uint8Array.from({ length: 64 * 96 * 3 }, () => random.integer(256)),
  width: 96,
  height: 64,
  order: 'rgb',
};
const classes = ['car', 'person'];
const anyScore = { 'model.test_cfg.score_thr': 0 };

async function batchOf(model: Model): Promise<DetBatch> {
  model.detector.eval();
  return model.detector.preprocess([await testSample(image, model.config, 'noise')]);
}

const retinanet = () => shrunk('retinanet_r18_fpn_1x_coco', 8, classes).set(anyScore).build({ seed: 1 });
const fasterRcnn = () => small().classes(classes).set({ 'model.test_cfg.rcnn.score_thr': 0 }).build({ seed: 1 });

test('the gradient is that of finite differences, also for a tower that runs on every level', async () => {
  const model = await retinanet();
  const batch = await batchOf(model);
  const found = locateDetection(model.detector, batch, 0, 'test');
  for (const layer of ['backbone.layer4.1', 'bbox_head.cls_convs.1']) {
    const { levels, gradients } = scoreGradients(model.detector, batch, layer, found);
    expect(levels).toHaveLength(layer.startsWith('bbox_head') ? 5 : 1);
    const level = gradients.findIndex((gradient) => gradient?.some((v) => v !== 0));
    const gradient = gradients[level] ?? new Float32Array(0);
    const { height, width, channels } = levels[level];
    /** The score with `by` added in the direction of a random vector. */
    const direction = tf.tensor(
      Float32Array.from(gradient, () => random.normal()),
      [1, height, width, channels],
    );
    const scoreAt = (by: number) =>
      tf.tidy(() => {
        let call = 0;
        const push = (outputs: tf.Tensor[]) =>
          outputs.map((o) => (call++ === level ? tf.add(o, tf.mul(direction, by)) : o));
        return withOutputs(
          model.detector,
          new Map([[layer, push]]),
          () => scoresOfPrediction(model.detector, batch, 'test').scores.score(found.index, found.label).dataSync()[0],
        );
      });
    const along = direction.dataSync<'float32'>().reduce((sum, v, i) => sum + v * gradient[i], 0);
    const step = 1e-2 / Math.max(1, Math.abs(along));
    const numeric = (scoreAt(step) - scoreAt(-step)) / (2 * step);
    expect(Math.abs(numeric - along), layer).toBeLessThan(0.05 * Math.abs(along) + 1e-4);
    direction.dispose();
  }
  batch.inputs.dispose();
  model.dispose();
}, 60_000);

const detectors: [string, () => Promise<Model>][] = [
  ['RetinaNet', retinanet],
  ['Faster R-CNN', fasterRcnn],
  ['YOLOX', () => shrunk('yolox_tiny_8xb8-300e_coco', 8, classes).set(anyScore).build({ seed: 1 })],
  ['DETR', () => shrunk('detr_deit-tiny_toytown', 1, classes).build({ seed: 1 })],
];

test.each(detectors)('%s: the score that is differentiated is that of the detection', async (name, build) => {
  const model = await build();
  const batch = await batchOf(model);
  for (const detection of [0, 3]) {
    const found = locateDetection(model.detector, batch, detection, 'test');
    const score = tf.tidy(
      () => scoresOfPrediction(model.detector, batch, 'test').scores.score(found.index, found.label).dataSync()[0],
    );
    // YOLOX multiplies by objectness
    if (name === 'YOLOX') expect(score).toBeGreaterThan(found.score);
    else expect(score).toBeCloseTo(found.score, 5);
  }
  batch.inputs.dispose();
  const map = () => model.cam(image, { detection: 1, layer: 'backbone' });
  // folded norms are kept from one evaluation to the next, and forgotten where gradients are recorded
  await map();
  const before = tf.memory().numTensors;
  const cam = await map();
  expect(cam.map.values.some((v) => v > 0)).toBe(true);
  expect(Math.min(...cam.map.values)).toBeGreaterThanOrEqual(0);
  expect(tf.memory().numTensors).toBe(before);
  model.dispose();
});

test('Cascade R-CNN: the mean of its stages', async () => {
  const recipe = shrunk('cascade-rcnn_r50_fpn_1x_coco', 8, classes).backbone({ depth: 18 });
  const model = await recipe
    .set({ 'model.test_cfg.rcnn.score_thr': 0, 'model.test_cfg.rpn.max_per_img': 30 })
    .build({ seed: 1 });
  const batch = await batchOf(model);
  const found = locateDetection(model.detector, batch, 2, 'test');
  const score = tf.tidy(
    () => scoresOfPrediction(model.detector, batch, 'test').scores.score(found.index, found.label).dataSync()[0],
  );
  expect(score).toBeCloseTo(found.score, 5);
  batch.inputs.dispose();
  model.dispose();
});

test('the map is made of the layer and its gradient; layers are as they were afterwards', async () => {
  const model = await fasterRcnn();
  const batch = await batchOf(model);
  const found = locateDetection(model.detector, batch, 0, 'test');
  const { levels, gradients } = scoreGradients(model.detector, batch, 'backbone.layer4', found);
  const cam = await model.cam(image, { layer: 'backbone.layer4' });
  expect(cam.map.values).toEqual(gradCam(levels[0].values, gradients[0] ?? new Float32Array(0), levels[0].channels));
  const own = await model.cam(image, { layer: 'backbone.layer4', method: 'layercam' });
  expect(own.map.values).toEqual(layerCam(levels[0].values, gradients[0] ?? new Float32Array(0), levels[0].channels));
  const eigen = await model.cam(image, { layer: 'backbone.layer4', method: 'eigencam' });
  expect(eigen.map.values).toEqual(eigenCam(levels[0].values, levels[0].channels));
  for (const [path, module] of model.detector.modules()) expect(Object.hasOwn(module, 'forward'), path).toBe(false);
  expect(String(cam)).toContain('backbone.layer4');
  for (const file of ['c.png', 'c.svg', 'c.html', 'c.json']) await cam.save(join(folder, file));
  batch.inputs.dispose();
  model.dispose();
});

test('what cannot be shown is said with what can', async () => {
  const model = await fasterRcnn();
  const cam = (options: object) => model.cam(image, options);
  await expect(cam({ layer: 'backbone.layr4' })).rejects.toThrow(
    /no such layer.*Did you mean "backbone.layer4"\?.*"backbone" has/s,
  );
  await expect(cam({ layer: 'backbone.layer4.0.norm1' })).rejects.toThrow(/no such layer/);
  await expect(cam({ layer: 'backbone.layer4.0.bn1' })).rejects.toThrow(
    'it is not run by itself, but as a part of "backbone.layer4.0"',
  );
  await expect(cam({ detection: 1e6 })).rejects.toThrow(
    /expected a number from 0 to \d+, the detections of this image/,
  );
  await expect(cam({ method: 'gradcm' })).rejects.toThrow('Did you mean "gradcam"?');
  await expect(cam({ layer: 'roi_head.bbox_head.fc_cls' })).rejects.toThrow('expected feature maps');
  await expect(model.attention(image)).rejects.toThrow('Detectors that do are DETR, ConditionalDETR');
  model.dispose();
});
