// Multi-head attention against mmcv.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { type AttentionInputs, MultiheadAttention } from '../../src/nn/multihead-attention';
import { expectClose } from '../golden-data';
import { loadStored, stored, tensors, values } from './stored-transformer';

beforeAll(async () => void (await startEngine()));

describe('mmcv MultiheadAttention', () => {
  const build = (batchFirst: boolean) => {
    const mha = new MultiheadAttention({ embedDims: 16, numHeads: 4, batchFirst });
    loadStored(mha, 'mha.');
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
