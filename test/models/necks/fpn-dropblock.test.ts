// FPN_DropBlock in evaluation and in training.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { createRegistry } from '../../../src/models/catalogue';
import type { Neck } from '../../../src/models/types';
import { withStepRandom } from '../../../src/nn/step-random';
import { Random } from '../../../src/random';
import { expectClose, fillByFormula, golden, nchw, nhwc } from '../../golden-data';

const registry = createRegistry();

beforeAll(async () => void (await startEngine()));

test('FPN_DropBlock is FPN in evaluation mode and drops blocks in training', () => {
  const { tensors } = golden('neck_fpn_dropblock');
  const config = { type: 'FPN_DropBlock', in_channels: [8, 16, 24, 32], out_channels: 16, num_outs: 4 };
  const neck = registry.build('neck', config, { path: 'model.neck' }) as Neck;
  fillByFormula(neck);
  neck.eval();
  const maps = [0, 1, 2, 3].map((k) => nhwc(tensors.get(`in${k}`)!));
  const run = (seed: number) =>
    withStepRandom(Random.seeded(seed), () => {
      let outs: Float32Array[] = [];
      tf.tidy(() => {
        outs = neck.forward(maps).map(nchw);
      });
      return outs;
    });
  for (const [i, out] of run(0).entries()) expectClose(out, tensors.get(`out_eval${i}`)!.data, 1e-5, `out_eval${i}`);
  neck.train();
  const [a, again, other] = [run(1), run(1), run(2)];
  expect(again).toEqual(a);
  expect(other[0]).not.toEqual(a[0]);
  // the coarsest level is not dropped from
  expectClose(a[3], tensors.get('out_train3')!.data, 1e-5, 'out_train3');
  tf.dispose(maps);
  neck.dispose();
});
