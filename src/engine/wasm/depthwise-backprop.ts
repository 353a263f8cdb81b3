// Gradients of depthwise convolution on wasm, in one vectorised pass per kernel tap.

import * as tf from '@tensorflow/tfjs';

interface DepthwiseAttrs {
  strides: number | [number, number];
  pad: 'same' | 'valid' | number;
  dilations?: number | [number, number];
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
  filterShape?: [number, number, number, number];
  inputShape?: [number, number, number, number];
}

function depthwiseInfo(inShape: number[], filterShape: number[], attrs: DepthwiseAttrs): tf.backend_util.Conv2DInfo {
  return tf.backend_util.computeConv2DInfo(
    inShape as [number, number, number, number],
    filterShape as [number, number, number, number],
    attrs.strides,
    attrs.dilations ?? 1,
    attrs.pad,
    attrs.dimRoundingMode,
    true,
  );
}

/** Rows and columns of the padded input that any tap reads. */
function paddedSize(info: tf.backend_util.Conv2DInfo): [number, number] {
  return [
    Math.max(
      info.inHeight + info.padInfo.top,
      (info.outHeight - 1) * info.strideHeight + (info.filterHeight - 1) * info.dilationHeight + 1,
    ),
    Math.max(
      info.inWidth + info.padInfo.left,
      (info.outWidth - 1) * info.strideWidth + (info.filterWidth - 1) * info.dilationWidth + 1,
    ),
  ];
}

/** x [N, H, W, C], dy [N, OH, OW, C*M] -> filter gradient [KH, KW, C, M]. */
function backpropFilter(x: tf.Tensor4D, dy: tf.Tensor4D, attrs: DepthwiseAttrs): tf.Tensor {
  const [kh, kw, c, m] = attrs.filterShape!;
  const info = depthwiseInfo(x.shape, attrs.filterShape!, attrs);
  const { top, left } = info.padInfo;
  const [height, width] = paddedSize(info);
  const padded = tf.pad(x, [
    [0, 0],
    [top, height - top - info.inHeight],
    [left, width - left - info.inWidth],
    [0, 0],
  ]);
  const { outHeight, outWidth, strideHeight: sh, strideWidth: sw } = info;
  const pixels = info.batchSize * outHeight * outWidth;
  const target = dy.reshape([pixels, c, m]);
  const taps: tf.Tensor[] = [];
  for (let i = 0; i < kh; i++) {
    for (let j = 0; j < kw; j++) {
      const [u, v] = [i * info.dilationHeight, j * info.dilationWidth];
      const end = [info.batchSize, u + (outHeight - 1) * sh + 1, v + (outWidth - 1) * sw + 1, c];
      const patch = tf.stridedSlice(padded, [0, u, v, 0], end, [1, sh, sw, 1]).reshape([pixels, c, 1]);
      taps.push(tf.tidy(() => tf.sum(tf.mul(patch, target), 0)));
      patch.dispose();
    }
  }
  return tf.stack(taps).reshape([kh, kw, c, m]);
}

/** dy [N, OH, OW, C*M], filter [KH, KW, C, M] -> input gradient [N, H, W, C]. */
function backpropInput(dy: tf.Tensor4D, filter: tf.Tensor4D, attrs: DepthwiseAttrs): tf.Tensor {
  const [kh, kw, c, m] = filter.shape;
  const info = depthwiseInfo(attrs.inputShape!, filter.shape, attrs);
  const [height, width] = paddedSize(info);
  const { outHeight, outWidth, strideHeight: sh, strideWidth: sw, batchSize: n } = info;
  const source = dy.reshape([n * outHeight * outWidth, c, m]);
  let total: tf.Tensor4D = tf.zeros([n, height, width, c]);
  for (let i = 0; i < kh; i++) {
    for (let j = 0; j < kw; j++) {
      total = tf.tidy(() => {
        const weight = tf.slice(filter, [i, j, 0, 0], [1, 1, c, m]).reshape([1, c, m]);
        const part = tf.sum(tf.mul(source, weight), 2).reshape<tf.Tensor4D>([n, outHeight, outWidth, c]);
        const spread = spreadByStride(part, sh, sw);
        const [u, v] = [i * info.dilationHeight, j * info.dilationWidth];
        const placed = tf.pad(spread, [
          [0, 0],
          [u, height - u - spread.shape[1]],
          [v, width - v - spread.shape[2]],
          [0, 0],
        ]);
        return tf.add<tf.Tensor4D>(total, placed);
      });
    }
  }
  return tf.slice(total, [0, info.padInfo.top, info.padInfo.left, 0], [n, info.inHeight, info.inWidth, c]);
}

/** Inserts zeros between rows and columns: [N, H, W, C] -> [N, (H-1)*sh+1, (W-1)*sw+1, C]. */
function spreadByStride(x: tf.Tensor4D, sh: number, sw: number): tf.Tensor4D {
  if (sh === 1 && sw === 1) return x;
  const [n, h, w, c] = x.shape;
  const wide = tf.pad(x.reshape([n * h * w, c]), [
    [0, 0],
    [0, (sw - 1) * c],
  ]);
  const tall = tf.pad(wide.reshape([n * h, w * sw * c]), [
    [0, 0],
    [0, (sh - 1) * w * sw * c],
  ]);
  return tf.slice(
    tall.reshape<tf.Tensor4D>([n, h * sh, w * sw, c]),
    [0, 0, 0, 0],
    [n, (h - 1) * sh + 1, (w - 1) * sw + 1, c],
  );
}

export const depthwiseBackpropKernels: tf.KernelConfig[] = [
  {
    kernelName: tf.DepthwiseConv2dNativeBackpropFilter,
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs }) =>
      tf.tidy(() =>
        backpropFilter(inputs.x as tf.Tensor4D, inputs.dy as tf.Tensor4D, attrs as unknown as DepthwiseAttrs),
      ),
  },
  {
    kernelName: tf.DepthwiseConv2dNativeBackpropInput,
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs }) =>
      tf.tidy(() =>
        backpropInput(inputs.dy as tf.Tensor4D, inputs.filter as tf.Tensor4D, attrs as unknown as DepthwiseAttrs),
      ),
  },
];
