import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { type ModuleConfig, Registry } from '../../../src/catalogue/registry';
import { startEngine } from '../../../src/engine';
import {
  type LearnedPositionalEncoding,
  positionalEncodings,
  type SinePositionalEncoding,
} from '../../../src/models/layers/positional-encodings';
import { coordinateToEncoding, inverseSigmoid } from '../../../src/models/layers/transformer/coordinates';
import { Random } from '../../../src/random';
import { expectClose, golden, nchw } from '../../golden-data';

const registry = new Registry(positionalEncodings);
const build = <T>(config: ModuleConfig) => registry.build('positional_encoding', config, { path: '' }) as T;

beforeAll(async () => void (await startEngine()));

test.each<[string, object]>([
  ['detr', { normalize: true }],
  ['nonorm', {}],
  ['def', { normalize: true, offset: -0.5, temperature: 20 }],
])('sine encoding, %s, equals MMDetection', (name, options) => {
  const { tensors } = golden('sine_positional_encoding');
  const [b, c, h, w] = tensors.get(name)!.shape;
  const encoding = build<SinePositionalEncoding>({ type: 'SinePositionalEncoding', num_feats: c / 2, ...options });
  tf.tidy(() => {
    const mask = tf.tensor3d(Float32Array.from(tensors.get('mask')!.data), [b, h, w]);
    expectClose(nchw(encoding.forward(mask)), tensors.get(name)!.data, 2e-5, name);
    // without padding the size is enough
    const whole = encoding.forward([1, h, w]);
    expectClose(whole.dataSync(), encoding.forward(tf.zeros([1, h, w])).dataSync(), 0);
  });
  expect(() => build({ type: 'SinePositionalEncoding', num_feats: 7 })).toThrow(/must be even/);
});

test('learned encoding: a vector per column beside one per row', () => {
  const encoding = build<LearnedPositionalEncoding>({
    type: 'LearnedPositionalEncoding',
    num_feats: 3,
    row_num_embed: 4,
    col_num_embed: 5,
  });
  encoding.initWeights(Random.seeded(1));
  expect([...encoding.named()].map(([name]) => name)).toEqual(['row_embed.weight', 'col_embed.weight']);
  const state = encoding.stateDict();
  const [rows, columns] = ['row_embed.weight', 'col_embed.weight'].map((name) => state.get(name)!.data);
  expect(rows.every((v) => v >= 0 && v < 1)).toBe(true);
  const out = tf.tidy(() => encoding.forward([2, 3, 4]).arraySync());
  expect(out[1][2][3]).toEqual([...columns.subarray(9, 12), ...rows.subarray(6, 9)]);
  expect(() => encoding.forward([1, 5, 4])).toThrow(/vectors for 4 rows and 5 columns/);
  encoding.dispose();
});

test('coordinates: rows first, and the inverse of the sigmoid', () => {
  tf.tidy(() => {
    const both = coordinateToEncoding(tf.tensor3d([[[0.25, 0.5, 0.1, 0.2]]]), 4);
    const part = (begin: number) => [...tf.slice(both, [0, 0, begin], [1, 1, 2]).dataSync()];
    expect(both.shape).toEqual([1, 1, 16]);
    const sine = (v: number) => [Math.sin(2 * Math.PI * v), Math.cos(2 * Math.PI * v)];
    expectClose([...part(0), ...part(4), ...part(8), ...part(12)], [0.5, 0.25, 0.1, 0.2].flatMap(sine), 1e-6);
    const x = tf.tensor1d([-1, 0, 0.3, 1]);
    expectClose(inverseSigmoid(x, 1e-3).dataSync(), [-6.907755, -6.907755, Math.log(3 / 7), 6.907755], 1e-5);
  });
});
