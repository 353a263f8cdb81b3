// The feed-forward network of transformers against mmcv.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { FFN } from '../../../src/models/layers/ffn';
import { torchShape } from '../../../src/nn/module';
import { Random } from '../../../src/random';
import { expectClose } from '../../golden-data';
import { loadStored, stored, tensors, values } from '../../nn/stored-transformer';

beforeAll(async () => void (await startEngine()));

test('FFN equals the reference, and its options add their names', () => {
  const ffn = new FFN({ embedDims: 16, feedforwardChannels: 32 });
  loadStored(ffn, 'ffn.');
  tf.tidy(() => expectClose(values(ffn.forward(stored('q'))), tensors.get('ffn')!.data, 2e-6));
  ffn.dispose();
  const options = { embedDims: 4, feedforwardChannels: 6, numFcs: 3, layerScaleInitValue: 0.5 };
  const other = new FFN({ ...options, actCfg: { type: 'GELU' }, addIdentity: false });
  other.initWeights(Random.seeded(1));
  expect([...other.named()].map(([n, p]) => [n, torchShape(p)])).toEqual([
    ['layers.0.0.weight', [6, 4]],
    ['layers.0.0.bias', [6]],
    ['layers.1.0.weight', [6, 6]],
    ['layers.1.0.bias', [6]],
    ['layers.2.weight', [4, 6]],
    ['layers.2.bias', [4]],
    ['gamma2.weight', [4]],
  ]);
  expect([...other.stateDict().get('gamma2.weight')!.data]).toEqual([0.5, 0.5, 0.5, 0.5]);
  other.dispose();
  expect(() => new FFN({ numFcs: 1 })).toThrow(/num_fcs must be at least 2/);
});
