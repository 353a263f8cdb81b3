import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/engine';
import { startWasm } from '../../src/engine/wasm';
import { conv2dBackpropFilter } from '../../src/engine/wasm/conv-backprop';

describe('wasm engine', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startWasm();
  });

  test('refuses what it cannot do, and says what can', async () => {
    await expect(startWasm({ device: 'cuda:0' })).rejects.toThrow(/device "cuda:0": expected "cpu".*torch engine/);
    expect(() => engine.autocast('bfloat16', () => 1)).toThrow(/bfloat16.*expected float32/);
    expect(engine.autocast('float32', () => 7)).toBe(7);
  });

  test('the gradient in a filter is the same when the batch is cut into pieces', () => {
    tf.tidy(() => {
      const x: tf.Tensor4D = tf.randomNormal([5, 6, 7, 3], 0, 1, 'float32', 1);
      const dy: tf.Tensor4D = tf.randomNormal([5, 6, 7, 2], 0, 1, 'float32', 2);
      const attributes = { strides: 1, pad: 'same' as const };
      const whole = conv2dBackpropFilter(x, dy, [3, 3, 3, 2], attributes);
      // 3 * 3 * 6 * 7 floats of patches an image: pieces of 2, 2 and 1 images
      const pieces = conv2dBackpropFilter(x, dy, [3, 3, 3, 2], attributes, 800);
      expect(tf.max(tf.abs(tf.sub(whole, pieces))).dataSync()[0]).toBeLessThan(1e-4);
      expect(tf.max(tf.abs(whole)).dataSync()[0]).toBeGreaterThan(1);
    });
  });

  test('one tensor in two shapes as the right-hand matrix', () => {
    const values = tf.range(0, 96) as tf.Tensor1D;
    const sums = (rows: number) => {
      const product = tf.matMul(tf.ones<tf.Rank.R2>([1, rows]), values.reshape<tf.Tensor2D>([rows, 96 / rows]));
      return [...product.dataSync()];
    };
    for (const rows of [12, 3, 12, 48])
      expect(sums(rows)).toEqual(
        Array.from({ length: 96 / rows }, (_, j) =>
          Array.from({ length: rows }, (_, i) => (i * 96) / rows + j).reduce((a, b) => a + b, 0),
        ),
      );
  });

  test('memory is flat over training steps', () => {
    const filter = tf.variable(tf.randomNormal<tf.Rank.R4>([3, 3, 8, 8], 0, 0.1, 'float32', 1));
    const momentum = tf.variable(tf.zerosLike(filter), false);
    const x: tf.Tensor4D = tf.randomNormal([2, 16, 16, 8], 0, 1, 'float32', 2);
    const step = () =>
      tf.tidy(() => {
        const loss = () => tf.mean(tf.square(tf.relu(tf.conv2d(x, filter, 2, 'same')))) as tf.Scalar;
        const { grads } = tf.variableGrads(loss, [filter]);
        const { gradients } = engine.clipGradNorm([grads[filter.name]], 0.01);
        engine.sgdStep([filter], gradients, [momentum], { lr: 0.1, momentum: 0.9, weightDecay: 1e-4 });
      });
    step();
    const [before, memory] = [tf.memory(), engine.memory()];
    for (let i = 0; i < 200; i++) step();
    expect(tf.memory().numTensors).toBe(before.numTensors);
    expect(tf.memory().numBytes).toBe(before.numBytes);
    expect(engine.memory()).toEqual(memory);
    engine.resetPeak();
    expect(engine.memory().bytesPeak).toBe(engine.memory().bytesInUse);
    tf.dispose([filter, momentum, x]);
  });

  test('a full heap is an error and leaves what is in it alone', () => {
    const backend = tf.backend() as unknown as {
      makeOutput(shape: number[], dtype: 'float32'): tf.TensorInfo;
      disposeData(id: object): void;
    };
    const kept = tf.range(0, 1000);
    const blocks: tf.TensorInfo[] = [];
    expect(() => {
      for (let i = 0; i < 9; i++) blocks.push(backend.makeOutput([2 ** 27], 'float32'));
    }).toThrow(/Cannot allocate 512.0 MB on the wasm engine: its heap of at most 4 GB is full/);
    expect(blocks.length).toBeGreaterThan(4);
    expect([...kept.dataSync()]).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    for (const block of blocks) backend.disposeData(block.dataId);
    expect(tf.tidy(() => tf.sum(tf.ones([1000])).dataSync()[0])).toBe(1000);
    kept.dispose();
  });
});
