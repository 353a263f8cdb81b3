// SimpleRoIAlign: where a map begins.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, test } from 'vitest';
import { Registry } from '../../../../src/catalogue/registry';
import { startEngine } from '../../../../src/engine';
import { roiHeads } from '../../../../src/models/roi-heads';
import type { RoILayer } from '../../../../src/models/roi-heads/types';
import { expectClose } from '../../../golden-data';

beforeAll(async () => void (await startEngine()));

test.each([
  [true, (share: number) => share * 8 - 0.5],
  [false, (share: number) => share * 7],
])('aligned %s', (aligned, column) => {
  const config = { type: 'SimpleRoIAlign', output_size: [1, 2], aligned };
  const layer = new Registry(roiHeads).build('roi_layer', config, { path: 'roi_layer' }) as RoILayer;
  tf.tidy(() => {
    const columns = tf.tile(tf.range(0, 8).reshape<tf.Tensor4D>([1, 1, 8, 1]), [1, 4, 1, 1]);
    const pooled = layer.forward(columns as tf.Tensor4D, tf.tensor2d([[0, 8, 4, 24, 12]]), 1 / 4);
    // in the middle of its bins, of 32 pixels
    expectClose(
      pooled.dataSync(),
      [12, 20].map((x) => column(x / 32)),
      1e-5,
    );
  });
});
