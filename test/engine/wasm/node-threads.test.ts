import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { startWasm } from '../../../src/engine/wasm';

test('two threads compute what one would, and do not keep the process alive', async () => {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'Worker');
  const { description } = await startWasm({ threads: 2 });
  expect(description).toContain('2 threads');
  expect(Object.getOwnPropertyDescriptor(globalThis, 'Worker')).toEqual(before);
  const { buffer } = (tf.backend() as unknown as { wasm: { HEAPU8: Uint8Array } }).wasm.HEAPU8;
  expect(buffer).toBeInstanceOf(SharedArrayBuffer);

  const [rows, inner, columns] = [70, 90, 50];
  const a = Float32Array.from({ length: rows * inner }, (_, i) => Math.sin(i));
  const b = Float32Array.from({ length: inner * columns }, (_, i) => Math.cos(3 * i));
  const y = tf.tidy(() => tf.matMul(tf.tensor2d(a, [rows, inner]), tf.tensor2d(b, [inner, columns])).dataSync());
  let worst = 0;
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) {
      let sum = 0;
      for (let k = 0; k < inner; k++) sum += a[r * inner + k] * b[k * columns + c];
      worst = Math.max(worst, Math.abs(sum - y[r * columns + c]));
    }
  expect(worst).toBeLessThan(1e-4);
});
