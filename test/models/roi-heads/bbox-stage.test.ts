// One stage of a second stage: prediction in chunks.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { createRegistry } from '../../../src/models/catalogue';
import { BBoxStage } from '../../../src/models/roi-heads/bbox-stage';
import { RoIPooler } from '../../../src/models/roi-heads/roi-pooler';
import { Random } from '../../../src/random';
import { expectClose } from '../../golden-data';

beforeAll(async () => void (await startEngine()));

const inputs = [4, 8].map((stride) => ({ stride, channels: 3 }));

function stageOf(): BBoxStage {
  const registry = createRegistry();
  const roi_layer = { type: 'RoIAlign', output_size: 3 };
  const extractor = registry.build(
    'roi_extractor',
    { type: 'SingleRoIExtractor', roi_layer },
    { path: 'extractor', inputs },
  );
  const config = { type: 'Shared2FCBBoxHead', fc_out_channels: 8 };
  const head = registry.build('bbox_head', config, { path: 'head', inputs: [extractor.output], numClasses: 2 });
  head.initWeights(Random.seeded(1));
  return new BBoxStage(new RoIPooler(extractor), head);
}

test('many RoIs are predicted in chunks, to the same scores and deltas in the same order', () => {
  const stage = stageOf();
  const random = Random.seeded(2);
  const count = 1100; // two whole chunks and a rest
  const boxes = Float32Array.from(
    { length: 4 * count },
    (_, i) => random.uniform(0, 60) + (i % 4 > 1 ? random.uniform(60, 190) : 0),
  );
  const features = inputs.map(({ stride }, i) =>
    tf.randomNormal<tf.Rank.R4>([1, 256 / stride, 256 / stride, 3], 0, 1, 'float32', i + 1),
  );
  const before = tf.memory().numTensors;
  const { scores, deltas } = stage.predict(features, { boxes: [boxes] });
  expect(tf.memory().numTensors).toBe(before);
  expect([scores.length, deltas!.length]).toEqual([count * 3, count * 8]);
  for (const k of [0, 511, 512, 700, 1023, 1024, 1099])
    tf.tidy(() => {
      const roi = Float32Array.of(0, ...boxes.subarray(4 * k, 4 * k + 4));
      const alone = stage.head.forward(stage.pooler.forward(features, roi));
      expectClose(scores.slice(3 * k, 3 * k + 3), alone.scores!.dataSync<'float32'>(), 1e-5);
      expectClose(deltas!.slice(8 * k, 8 * k + 8), alone.deltas!.dataSync<'float32'>(), 1e-5);
    });
  expect(stage.predict(features, { boxes: [new Float32Array(0)] }).scores).toHaveLength(0);
  tf.dispose(features);
  stage.head.dispose();
});

test('without train_cfg there is nothing to sample with', () => {
  const stage = stageOf();
  expect(() => stage.sampler).toThrow(/built without train_cfg/);
  stage.head.dispose();
});
