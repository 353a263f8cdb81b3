// The attention of a query: the weights with which it reads, whose outcome is that of the layer itself.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Model, type PixelImage, startEngine } from '../../src';
import { MultiheadAttention } from '../../src/nn';
import { attention, attentionWeights } from '../../src/ops/attention';
import { Random } from '../../src/random';
import { shrunk } from './shrunk';

const folder = mkdtempSync(join(tmpdir(), 'detlab-attention-'));
beforeAll(async () => void (await startEngine({ threads: 1 })));
afterAll(() => rmSync(folder, { recursive: true }));

const random = Random.seeded(4);
const image: PixelImage = {
  data: Uint8Array.from({ length: 64 * 96 * 3 }, () => random.integer(256)),
  width: 96,
  height: 64,
  order: 'rgb',
};
const shallow = { 'model.encoder.num_layers': 1, 'model.decoder.num_layers': 2, 'model.num_queries': 20 };

test('weights times values are what attention computes, masks included', () => {
  tf.tidy(() => {
    const noise = (...shape: number[]) =>
      tf.tensor(
        Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => random.normal()),
        shape,
      );
    const [q, k, v] = [noise(1, 3, 8), noise(1, 5, 8), noise(1, 5, 8)] as tf.Tensor3D[];
    const mask = tf.tensor([0, 0, -1e9, 0, 0], [1, 1, 1, 5]);
    const weights = attentionWeights(q, k, { heads: 2, mask });
    const values = tf.transpose(v.reshape([1, 5, 2, 4]), [0, 2, 1, 3]);
    const read = tf.transpose(tf.matMul(weights, values), [0, 2, 1, 3]).reshape([1, 3, 8]).dataSync();
    const expected = attention(q, k, v, { heads: 2, mask }).dataSync();
    for (const [i, x] of read.entries()) expect(x).toBeCloseTo(expected[i], 5);
  });
});

test('a module with one key reads it whole; positions and masks count', () => {
  tf.tidy(() => {
    const module = new MultiheadAttention({ embedDims: 8, numHeads: 2, batchFirst: true });
    module.initWeights(Random.seeded(1));
    const noise = (length: number) =>
      tf.tensor3d(
        Float32Array.from({ length: length * 8 }, () => random.normal()),
        [1, length, 8],
      );
    const inputs = { key: noise(4), queryPos: noise(2), keyPos: noise(4), keyPaddingMask: tf.tensor2d([[0, 1, 1, 1]]) };
    const weights = module.weights(noise(2), inputs).dataSync();
    expect([...weights].map((w) => Math.round(w))).toEqual(Array(4).fill([1, 0, 0, 0]).flat());
    module.dispose();
  });
});

const models: [string, () => Promise<Model>][] = [
  ['DETR', () => shrunk('detr_deit-tiny_toytown', 1, ['car', 'person']).build({ seed: 1 })],
  [
    'ConditionalDETR',
    () =>
      shrunk('conditional-detr_r50_8xb2-50e_coco', 8, ['car', 'person'])
        .backbone({ depth: 18 })
        .set(shallow)
        .build({ seed: 1 }),
  ],
  [
    'DABDETR',
    () =>
      shrunk('dab-detr_r50_8xb2-50e_coco', 8, ['car', 'person'])
        .backbone({ depth: 18 })
        .set(shallow)
        .build({ seed: 1 }),
  ],
  [
    'DINO',
    () =>
      shrunk('dino-4scale_r50_8xb2-12e_coco', 8, ['car', 'person'])
        .backbone({ depth: 18 })
        .set(shallow)
        .build({ seed: 1 }),
  ],
  [
    'DeformableDETR',
    () =>
      shrunk('deformable-detr_r50_16xb2-50e_coco', 8, ['car', 'person'])
        .backbone({ depth: 18 })
        .set(shallow)
        .build({ seed: 1 }),
  ],
];

test('a detector without a decoder says which have one, and what works instead', async () => {
  const model = await shrunk('retinanet_r50_fpn_1x_coco', 8, ['car']).backbone({ depth: 18 }).build({ seed: 1 });
  await expect(model.attention(image)).rejects.toThrow(
    /attention of RetinaNet: it has no decoder.*DETR, ConditionalDETR, DABDETR, DeformableDETR and DINO; model\.cam\(image\)/,
  );
  model.dispose();
});

test.each(models)('%s', async (name, build) => {
  const model = await build();
  await model.predict(image);
  const tensors = tf.memory().numTensors;
  const shown = await model.attention(image, { detection: 1 });
  expect(tf.memory().numTensors).toBe(tensors);
  const { attention: read } = shown;
  if ('map' in read) {
    expect(read.map.values.reduce((sum, v) => sum + v, 0)).toBeCloseTo(1, 4);
    expect(read.map.height * read.map.width).toBe(read.map.values.length);
    expect(read.map.height).toBeGreaterThan(1);
  } else {
    expect(['DeformableDETR', 'DINO']).toContain(name);
    expect(read.points).toHaveLength(8 * 4 * 4);
    expect(read.points.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 4);
  }
  await expect(model.attention(image, { layer: 9 })).rejects.toThrow(/expected 0 to \d+, as the decoder has/);
  for (const file of ['a.png', 'a.html', 'a.json']) await shown.save(join(folder, file));
  model.dispose();
});
