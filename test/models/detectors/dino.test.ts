// DINO against MMDetection's, and on a batch without objects.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { Random } from '../../../src/random';
import { batch, build, flat, models, testFewPositions, testModels } from './check-detr-family';

beforeAll(async () => void (await startEngine()));

testModels('dino', 'dino in fixed groups');
testFewPositions('dino');

test('a batch without truths has losses and gradients', () => {
  const model = build(models.dino).train();
  const given = batch();
  for (const sample of given.samples)
    sample.truths = { bboxes: new Float32Array(), labels: new Int32Array(), ignored: new Uint8Array() };
  const losses = tf.tidy(() => {
    const found = flat(model.loss(given, { random: Random.seeded(1), epoch: 0, iteration: 0 }));
    return Object.fromEntries(Object.entries(found).map(([name, v]) => [name, v.dataSync()[0]]));
  });
  for (const [name, value] of Object.entries(losses)) expect(Number.isFinite(value), name).toBe(true);
  expect(losses.loss_bbox + losses.dn_loss_cls + losses['d0.dn_loss_iou']).toBe(0);
  given.inputs.dispose();
  model.dispose();
});
