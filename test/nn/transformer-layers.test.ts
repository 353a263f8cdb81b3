import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { FFN } from '../../src/models/layers/ffn';
import { Dropout } from '../../src/nn/dropout';
import { LayerNorm } from '../../src/nn/layer-norm';
import { type Module, torchShape } from '../../src/nn/module';
import { type AttentionInputs, MultiheadAttention } from '../../src/nn/multihead-attention';
import { withStepRandom } from '../../src/nn/step-random';
import { Random } from '../../src/random';
import { expectClose, golden } from '../golden-data';

beforeAll(async () => void (await startEngine()));

const { tensors } = golden('mha_ffn');
const stored = (name: string) => {
  const { data, shape, dtype } = tensors.get(name)!;
  return tf.tensor(data, shape, dtype);
};
const values = (x: tf.Tensor) => x.dataSync<'float32'>().slice();

/** Loads the file's weights under `prefix`; every parameter must be in it, in the file's order. */
function load(module: Module, prefix: string): void {
  const state = new Map(
    [...tensors].filter(([n]) => n.startsWith(prefix)).map(([n, t]) => [n.slice(prefix.length), t]),
  );
  const { missing, unexpected, mismatched } = module.loadStateDict(state);
  expect({ missing, unexpected, mismatched }).toEqual({ missing: [], unexpected: [], mismatched: [] });
}

describe('mmcv MultiheadAttention', () => {
  const build = (batchFirst: boolean) => {
    const mha = new MultiheadAttention({ embedDims: 16, numHeads: 4, batchFirst });
    load(mha, 'mha.');
    return mha;
  };
  const inputs = () => {
    const [query, key, queryPos, keyPos, mask] = ['q', 'k', 'qp', 'kp', 'mask'].map(stored) as tf.Tensor3D[];
    return { query, key, queryPos, keyPos, keyPaddingMask: mask as tf.Tensor };
  };

  test('equals the reference, batch first or second', () => {
    for (const batchFirst of [true, false]) {
      const mha = build(batchFirst);
      const { query, keyPaddingMask, ...rest } = inputs();
      const ordered = (x: tf.Tensor3D) => (batchFirst ? x : tf.transpose(x, [1, 0, 2]));
      const others: AttentionInputs = { keyPaddingMask };
      for (const [name, x] of Object.entries(rest)) others[name as 'key'] = ordered(x);
      const out = mha.forward(ordered(query), { ...others, value: others.key });
      expectClose(values(ordered(out)), tensors.get('out')!.data, 2e-6);
      mha.dispose();
    }
  });

  test('shared projections give what separate ones give, forward and backward', () => {
    const mha = build(true);
    const { query, queryPos } = inputs();
    const copy = (x: tf.Tensor3D): tf.Tensor3D => tf.add(x, 0);
    const variants: ((x: tf.Tensor3D) => [AttentionInputs, AttentionInputs])[] = [
      (x) => [{}, { key: copy(x), value: copy(x) }],
      (x) => [{ queryPos }, { key: copy(x), value: copy(x), queryPos, keyPos: queryPos }],
      (x) => [{ key: x }, { key: copy(x), value: copy(x) }],
    ];
    for (const variant of variants) {
      const [shared, separate] = [0, 1].map((k) =>
        tf.tidy(() => {
          const { value, grads } = tf.variableGrads(
            () => tf.sum(tf.square(mha.forward(query, variant(query)[k]))) as tf.Scalar,
            mha.trainable().map(([, p]) => p.variable),
          );
          return [value, ...Object.values(grads)].map(values);
        }),
      );
      for (const [i, v] of shared.entries()) expectClose(v, separate[i], 1e-4);
    }
    mha.dispose();
  });

  test('masks: bool hides, float adds, both together; nothing to see stays finite', () => {
    const mha = build(true);
    const { query } = inputs();
    const far = tf.tensor2d(
      Array.from({ length: 25 }, (_, i) => (Math.abs((i % 5) - Math.floor(i / 5)) > 1 ? 1 : 0)),
      [5, 5],
    );
    const run = (masks: AttentionInputs) => values(mha.forward(query, masks));
    const hidden = run({ attnMask: tf.cast(far, 'bool') });
    expectClose(run({ attnMask: tf.mul(far, -1e9) }), hidden, 1e-6);
    expectClose(run({ attnMask: tf.tile(tf.reshape(tf.cast(far, 'bool'), [1, 5, 5]), [8, 1, 1]) }), hidden, 1e-6);
    const padding = tf.tensor2d([1, 0, 0, 0, 0, 0, 0, 0, 0, 0], [2, 5]);
    const both = run({ attnMask: tf.cast(far, 'bool'), keyPaddingMask: padding });
    expect(both.slice(80)).toEqual(hidden.slice(80)); // the second image is not padded
    expect(both.slice(0, 32)).not.toEqual(hidden.slice(0, 32));
    expect(both.slice(48, 80)).toEqual(hidden.slice(48, 80)); // too far from the padded key to see it anyway
    expect(run({ keyPaddingMask: tf.ones([2, 5]) }).every(Number.isFinite)).toBe(true);
    mha.dispose();
  });
});

test('FFN equals the reference, and its options add their names', () => {
  const ffn = new FFN({ embedDims: 16, feedforwardChannels: 32 });
  load(ffn, 'ffn.');
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

test('LayerNorm has weight and bias unless it is told not to', () => {
  const norm = new LayerNorm({ channels: 4 });
  expect([...norm.named()].map(([n]) => n)).toEqual(['weight', 'bias']);
  norm.initWeights(Random.seeded(1));
  const y = tf.tidy(() => values(norm.forward(tf.tensor2d([1, 2, 3, 4], [1, 4]))));
  expectClose(y, [-1.3416355, -0.4472118, 0.4472118, 1.3416355], 1e-5);
  norm.dispose();
  expect([...new LayerNorm({ channels: 4, affine: false }).named()]).toEqual([]);
});

describe('dropout', () => {
  const ones = () => tf.ones([64, 4, 50]);

  test('keeps the mean, repeats with the stream, and is the identity in evaluation', () => {
    const drop = new Dropout({ type: 'Dropout', drop_prob: 0.25 });
    const draw = (seed: number) =>
      withStepRandom(Random.seeded(seed), () => tf.tidy(() => values(drop.forward(ones()))));
    expect(draw(1).every((v) => v === 1)).toBe(true);
    drop.train();
    const first = draw(1);
    expect(first.every((v) => v === 0 || Math.abs(v - 4 / 3) < 1e-6)).toBe(true);
    const share = first.filter((v) => v === 0).length / first.length;
    expect(Math.abs(share - 0.25)).toBeLessThan(0.02);
    expect(draw(1)).toEqual(first);
    expect(draw(2)).not.toEqual(first);
  });

  test('DropPath drops whole samples', () => {
    const drop = new Dropout({ type: 'DropPath', drop_prob: 0.5 }).train();
    const y = withStepRandom(Random.seeded(4), () => tf.tidy(() => values(drop.forward(ones()))));
    const samples = Array.from({ length: 64 }, (_, i) => [...new Set(y.slice(200 * i, 200 * i + 200))]);
    expect(samples.every((s) => s.length === 1)).toBe(true);
    const dropped = samples.filter(([v]) => v === 0).length;
    expect(dropped).toBeGreaterThan(20);
    expect(dropped).toBeLessThan(44);
  });

  test('attention drops in training only, with a gradient, and repeats', () => {
    const mha = new MultiheadAttention({ embedDims: 16, numHeads: 4, attnDrop: 0.5, batchFirst: true });
    load(mha, 'mha.');
    const query = stored('q') as tf.Tensor3D;
    const run = (seed: number) =>
      withStepRandom(Random.seeded(seed), () =>
        tf.tidy(() => {
          const g = tf.grad((x) => tf.sum(tf.square(mha.forward(x as tf.Tensor3D))))(query);
          return values(g);
        }),
      );
    const evaluated = run(1);
    expect(run(2)).toEqual(evaluated);
    mha.train();
    expect(run(1)).not.toEqual(evaluated);
    expect(run(1)).toEqual(run(1));
    expect(run(1)).not.toEqual(run(2));
    mha.dispose();
  });
});
