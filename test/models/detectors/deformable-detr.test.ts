// DeformableDETR against MMDetection's, in its four forms, and its initial weights.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { buildDetector } from '../../../src/models/build';
import type { DeformableDETR } from '../../../src/models/detectors';
import { bestIndices } from '../../../src/models/detectors/deformable-detr';
import { Random } from '../../../src/random';
import { expectClose } from '../../golden-data';
import { models, testModels } from './check-detr-family';

beforeAll(async () => void (await startEngine()));

testModels('deformable', 'deformable, refined', 'deformable, two stages', 'deformable, two stages, not refined');

test('weights start as in MMDetection', () => {
  const model = buildDetector(models['deformable, refined'].cfg) as DeformableDETR;
  model.initWeights(Random.seeded(1));
  const state = model.stateDict();
  const values = (name: string) => state.get(name)?.data as Float32Array;
  expectClose(values('bbox_head.cls_branches.1.bias'), new Array(3).fill(-Math.log(99)), 1e-5);
  expect([...values('bbox_head.reg_branches.0.4.bias')]).toEqual([0, 0, -2, -2]);
  expect([...values('bbox_head.reg_branches.1.4.bias')]).toEqual([0, 0, 0, 0]);
  const offsets = values('encoder.layers.0.self_attn.sampling_offsets.bias');
  expectClose(offsets.slice(0, 4), [1, 0, 2, 0], 1e-6); // head 0 looks right, its second point twice as far
  expectClose(offsets.slice(12, 16), [0, 1, 0, 2], 1e-6); // head 1 looks down
  expect(Math.max(...values('encoder.layers.0.self_attn.sampling_offsets.weight').map(Math.abs))).toBe(0);
  expect(Math.max(...values('decoder.layers.1.cross_attn.value_proj.weight'))).toBeLessThan(Math.sqrt(6 / 32));
  model.dispose();
});

test('more queries than an image has positions are refused with both numbers', () => {
  const scores = tf.zeros([1, 85]);
  expect(() => bestIndices(scores, 300)).toThrow(
    'Cannot choose 300 queries (num_queries): the images have 85 positions on all feature levels.',
  );
  expect(bestIndices(tf.tensor2d([[1, 3, 2]]), 2).arraySync()).toEqual([[1, 2]]);
});
