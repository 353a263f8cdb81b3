// Matrix products on wasm: XNNPACK is fast (30 GFLOP/s) only for untransposed matrices of a single batch (its other paths are
// naive loops at 0.4 to 2), so operands are transposed first and batches computed one product at a time.

import * as tf from '@tensorflow/tfjs';
import { activate } from './activate';
import type { DerivedConstants } from './derived-constants';
import type { WasmHeap } from './heap';
import { restoreNaN } from './nan-kernels';

/** Products with fewer multiplications are left to the naive loop, since calls cost more. */
const SMALL_PRODUCT = 4096;

function transposeLast(x: tf.Tensor): tf.Tensor {
  const order = x.shape.map((_, i) => i);
  [order[x.rank - 2], order[x.rank - 1]] = [x.rank - 1, x.rank - 2];
  return tf.transpose(x, order);
}

/** a [..., M, K], b [..., K, N] -> [..., M, N] with the leading dimensions broadcast. */
function plainProduct(a: tf.Tensor, b: tf.Tensor, multiply: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): tf.Tensor {
  const [m, k] = a.shape.slice(-2);
  const n = b.shape[b.rank - 1];
  const outer = tf.broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const batch = tf.util.sizeFromShape(outer);
  if (batch * m * n === 0 || k === 0) return tf.zeros([...outer, m, n]);
  const [batchA, batchB] = [a.size / (m * k), b.size / (k * n)];
  // a single right-hand matrix: the batch is just more rows of the left one
  if (batchB === 1) return multiply(a.reshape([1, batchA * m, k]), b.reshape([1, k, n])).reshape([...outer, m, n]);
  const sameOuter = (s: number[]) => s.slice(0, -2).join() === outer.join();
  const [wholeA, wholeB] = [
    sameOuter(a.shape) || batchA === 1 ? a : tf.broadcastTo(a, [...outer, m, k]),
    sameOuter(b.shape) ? b : tf.broadcastTo(b, [...outer, k, n]),
  ];
  const a3 = wholeA.reshape([batchA === 1 ? 1 : batch, m, k]);
  const b3 = wholeB.reshape([batch, k, n]);
  if (m * n * k < SMALL_PRODUCT) return multiply(a3, b3).reshape([...outer, m, n]);
  const products: tf.Tensor[] = [];
  for (let i = 0; i < batch; i++) {
    const left = a3.shape[0] === 1 ? a3 : tf.slice(a3, [i, 0, 0], [1, m, k]);
    products.push(multiply(left, tf.slice(b3, [i, 0, 0], [1, k, n])));
  }
  return tf.concat(products, 0).reshape([...outer, m, n]);
}

/** BatchMatMul and _FusedMatMul, over the stock kernels where those are fast. @param constants keeps transposed weights */
export function matMulKernels(constants: DerivedConstants): tf.KernelConfig[] {
  const product = tf.getKernel(tf.BatchMatMul, 'wasm')!;
  const fused = tf.getKernel(tf._FusedMatMul, 'wasm')!;
  const transpose = tf.getKernel(tf.Transpose, 'wasm')!;
  /** With the last two axes exchanged; that of a single matrix, which may be weights, is kept. */
  const transposed = (b: tf.Tensor, backend: object): tf.Tensor => {
    const [rows, columns] = b.shape.slice(-2);
    // a matrix of one row or column stays as it is, and would share its data
    if (rows === 1 || columns === 1 || b.size !== rows * columns) return transposeLast(b);
    const perm = [...b.shape.keys()];
    perm.push(...perm.splice(-2).reverse());
    const make = () => transpose.kernelFunc({ inputs: { x: b }, backend, attrs: { perm } }) as tf.TensorInfo;
    return tf.engine().makeTensorFromTensorInfo(constants.of('transpose', [b], make));
  };
  // XNNPACK caches the packed right-hand matrix by the identity of its data alone: the same data in another shape would be
  // read as the first one (and beyond its end), so it is copied
  const packed = new WeakMap<object, string>();
  const stock = (backend: object) => (a: tf.Tensor, given: tf.Tensor) => {
    const shape = given.shape.slice(-2).join();
    const known = packed.get(given.dataId);
    const b = known === undefined || known === shape ? given : tf.add(given, 0);
    packed.set(b.dataId, shape);
    const out = product.kernelFunc({ inputs: { a, b }, backend, attrs: { transposeA: false, transposeB: false } });
    restoreNaN(out as tf.TensorInfo, backend as WasmHeap);
    return tf.engine().makeTensorFromTensorInfo(out as tf.TensorInfo);
  };
  return [
    {
      ...product,
      kernelFunc: ({ inputs, backend, attrs }) =>
        tf.tidy(() => {
          const a = (attrs!.transposeA ? transposeLast(inputs.a as tf.Tensor) : inputs.a) as tf.Tensor;
          const b = (attrs!.transposeB ? transposed(inputs.b as tf.Tensor, backend) : inputs.b) as tf.Tensor;
          return plainProduct(a, b, stock(backend));
        }),
    },
    {
      ...fused,
      kernelFunc: ({ inputs, backend, attrs }) =>
        tf.tidy(() => {
          const a = (attrs!.transposeA ? transposeLast(inputs.a as tf.Tensor) : inputs.a) as tf.Tensor;
          const b = (attrs!.transposeB ? transposed(inputs.b as tf.Tensor, backend) : inputs.b) as tf.Tensor;
          const { activation, leakyreluAlpha } = attrs as { activation: string; leakyreluAlpha?: number };
          const bias = inputs.bias as tf.Tensor | undefined;
          let y = plainProduct(a, b, stock(backend));
          if (bias) y = tf.add(y, bias);
          return activate(y, activation, inputs.preluActivationWeights as tf.Tensor | undefined, leakyreluAlpha);
        }),
    },
  ];
}
