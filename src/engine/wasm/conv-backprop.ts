// Gradients of conv2d on wasm as matrix products and forward convolutions, which XNNPACK runs at full speed: the filter's
// gradient is (patches of x)^T * dy, by kernel rows; the input's gradient is a forward convolution of dy with the flipped
// filter, one per phase of the stride, with interleaved results.

import * as tf from '@tensorflow/tfjs';

type Pair = [number, number];

interface ConvAttrs {
  strides: number | Pair;
  pad: tf.backend_util.Conv2DInfo['padInfo']['type'] | 'same' | 'valid' | number;
  dataFormat?: 'NHWC' | 'NCHW';
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
  /** Not an attribute of tfjs: set by our gradient of dilated convolutions. */
  dilations?: number | Pair;
}

/** Limit of floats of patches at a time; larger batches are split. */
const PATCH_LIMIT = 48 * 2 ** 20;

function convInfo(inShape: number[], filterShape: number[], attrs: ConvAttrs): tf.backend_util.Conv2DInfo {
  if (attrs.dataFormat === 'NCHW') throw new Error('Cannot differentiate conv2d on wasm: expected NHWC, received NCHW');
  return tf.backend_util.computeConv2DInfo(
    inShape as [number, number, number, number],
    filterShape as [number, number, number, number],
    attrs.strides,
    attrs.dilations ?? 1,
    attrs.pad as 'same',
    attrs.dimRoundingMode,
  );
}

/** x [N, H, W, Ci], dy [N, OH, OW, Co] -> filter gradient [KH, KW, Ci, Co]; at most `patchLimit` floats of patches at once. */
export function conv2dBackpropFilter(
  x: tf.Tensor4D,
  dy: tf.Tensor4D,
  filterShape: [number, number, number, number],
  attrs: ConvAttrs,
  patchLimit = PATCH_LIMIT,
): tf.Tensor4D {
  return tf.tidy(() => {
    if (x.size === 0 || dy.size === 0) return tf.zeros(filterShape);
    const info = convInfo(x.shape, filterShape, attrs);
    const perImage = info.filterWidth * info.inChannels * info.outHeight * info.outWidth;
    const step = Math.max(1, Math.floor(patchLimit / perImage));
    let total: tf.Tensor4D | undefined;
    for (let n = 0; n < info.batchSize; n += step) {
      const count = Math.min(step, info.batchSize - n);
      const whole = count === info.batchSize;
      const part = tf.tidy(() => filterGradient(whole ? x : x.slice(n, count), whole ? dy : dy.slice(n, count), info));
      total = total ? tf.add<tf.Tensor4D>(total, part) : part;
    }
    return total!;
  });
}

function filterGradient(x: tf.Tensor4D, dy: tf.Tensor4D, info: tf.backend_util.Conv2DInfo): tf.Tensor4D {
  const { filterHeight: kh, filterWidth: kw, inChannels, outChannels, outHeight, outWidth } = info;
  const [n, pixels] = [x.shape[0], x.shape[0] * outHeight * outWidth];
  const target = dy.reshape<tf.Tensor2D>([pixels, outChannels]);
  const phases = channelFirstPhases(x, info); // [sh, sw, Ci, n, H', W']
  const rows: tf.Tensor2D[] = [];
  for (let i = 0; i < kh; i++) {
    const u = i * info.dilationHeight;
    const taps: tf.Tensor2D[] = [];
    for (let j = 0; j < kw; j++) {
      const v = j * info.dilationWidth;
      const phase = phases[u % info.strideHeight][v % info.strideWidth];
      const [top, left] = [Math.floor(u / info.strideHeight), Math.floor(v / info.strideWidth)];
      const patch = tf.slice(phase, [0, 0, top, left], [inChannels, n, outHeight, outWidth]);
      taps.push(patch.reshape([inChannels, pixels]));
    }
    rows.push(tf.tidy(() => tf.matMul(taps.length === 1 ? taps[0] : tf.concat(taps, 0), target)));
    for (const tap of taps) tap.dispose();
  }
  return tf.concat(rows, 0).reshape([kh, kw, inChannels, outChannels]);
}

/** x padded, channels first, and split by row and column modulo the stride, so that every tap is a slice. */
function channelFirstPhases(x: tf.Tensor4D, info: tf.backend_util.Conv2DInfo): tf.Tensor4D[][] {
  const { strideHeight: sh, strideWidth: sw, padInfo } = info;
  // rows and columns that any tap reads, in whole strides
  const extent = (out: number, stride: number, span: number) => (out + Math.floor(span / stride)) * stride;
  const height = extent(info.outHeight, sh, (info.filterHeight - 1) * info.dilationHeight);
  const width = extent(info.outWidth, sw, (info.filterWidth - 1) * info.dilationWidth);
  const padded = fit(x, padInfo.top, padInfo.left, height, width);
  const channelFirst = tf.transpose(padded, [3, 0, 1, 2]); // [Ci, n, H, W]
  if (sh === 1 && sw === 1) return [[channelFirst]];
  const [c, n] = channelFirst.shape;
  const split = channelFirst.reshape([c * n, height / sh, sh, width / sw, sw]).transpose([2, 4, 0, 1, 3]);
  const parts = split.reshape([sh * sw, c, n, (height / sh) * (width / sw)]);
  return Array.from({ length: sh }, (_, a) =>
    Array.from({ length: sw }, (_, b) =>
      tf.slice(parts, a * sw + b, 1).reshape<tf.Tensor4D>([c, n, height / sh, width / sw]),
    ),
  );
}

/** dy [N, OH, OW, Co], filter [KH, KW, Ci, Co] -> input gradient [N, H, W, Ci]. */
export function conv2dBackpropInput(
  inShape: [number, number, number, number],
  dy: tf.Tensor4D,
  filter: tf.Tensor4D,
  attrs: ConvAttrs,
): tf.Tensor4D {
  return tf.tidy(() => {
    if (dy.size === 0 || filter.size === 0) return tf.zeros(inShape);
    const info = convInfo(inShape, filter.shape, attrs);
    const { strideHeight: sh, strideWidth: sw, filterHeight: kh, filterWidth: kw, padInfo } = info;
    const [n, height, width, channels] = inShape;
    const swapped = tf.transpose(filter, [0, 1, 3, 2]); // [KH, KW, Co, Ci]
    if (sh === 1 && sw === 1) {
      const [dh, dw] = [info.dilationHeight, info.dilationWidth];
      const flipped = tf.reverse(swapped, [0, 1]);
      return correlate(dy, flipped, (kh - 1) * dh - padInfo.top, (kw - 1) * dw - padInfo.left, height, width, [dh, dw]);
    }
    // u = h + pad = stride * q + phase; only the taps k = phase, phase + stride, ... contribute to row u
    const rows = Math.ceil((height + padInfo.top) / sh);
    const columns = Math.ceil((width + padInfo.left) / sw);
    const bands: tf.Tensor[] = [];
    for (let a = 0; a < sh; a++) {
      const cells: tf.Tensor[] = [];
      for (let b = 0; b < sw; b++) {
        const taps = subfilter(swapped, phaseTaps(a, sh, kh), phaseTaps(b, sw, kw));
        const cell = taps
          ? correlate(dy, taps, taps.shape[0] - 1, taps.shape[1] - 1, rows, columns, [1, 1])
          : tf.zeros([n, rows, columns, channels]);
        cells.push(cell.reshape([n * rows * columns, channels]));
      }
      bands.push((sw === 1 ? cells[0] : tf.concat(cells, 1)).reshape([n * rows, columns * sw * channels]));
    }
    const all = (sh === 1 ? bands[0] : tf.concat(bands, 1)).reshape<tf.Tensor4D>([
      n,
      rows * sh,
      columns * sw,
      channels,
    ]);
    return fit(all, -padInfo.top, -padInfo.left, height, width);
  });
}

/** Taps of one phase, in reverse order (flipped). */
function phaseTaps(phase: number, stride: number, kernel: number): number[] {
  const taps: number[] = [];
  for (let k = phase; k < kernel; k += stride) taps.unshift(k);
  return taps;
}

function subfilter(filter: tf.Tensor4D, rows: number[], columns: number[]): tf.Tensor4D | undefined {
  if (rows.length === 0 || columns.length === 0) return undefined;
  const [, , ci, co] = filter.shape;
  return tf.concat(
    rows.map((i) =>
      tf.concat(
        columns.map((j) => tf.slice(filter, [i, j, 0, 0], [1, 1, ci, co])),
        1,
      ),
    ),
    0,
  );
}

/** out[i, j] = sum over k, l of x[i + k * dilation - top, j + l * dilation - left] * filter[k, l], out of height * width. */
function correlate(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  top: number,
  left: number,
  height: number,
  width: number,
  dilation: Pair,
): tf.Tensor4D {
  const spanH = height + (filter.shape[0] - 1) * dilation[0];
  const spanW = width + (filter.shape[1] - 1) * dilation[1];
  return tf.conv2d(fit(x, top, left, spanH, spanW), filter, 1, 'valid', 'NHWC', dilation);
}

/** Pads (or crops, if negative) at the top and left, then pads or crops at the bottom and right to height * width. */
function fit(x: tf.Tensor4D, top: number, left: number, height: number, width: number): tf.Tensor4D {
  const [n, h, w, c] = x.shape;
  const span = (size: number, before: number, target: number) => {
    const start = Math.min(size, Math.max(0, -before));
    const end = Math.max(start, Math.min(size, target - before));
    return { start, count: end - start, before: Math.min(target, Math.max(0, before)) };
  };
  const [rows, columns] = [span(h, top, height), span(w, left, width)];
  if (rows.count === 0 || columns.count === 0) return tf.zeros([n, height, width, c]);
  const cropped =
    rows.count === h && columns.count === w
      ? x
      : tf.slice(x, [0, rows.start, columns.start, 0], [n, rows.count, columns.count, c]);
  const afterH = height - rows.before - rows.count;
  const afterW = width - columns.before - columns.count;
  if (rows.before + afterH + columns.before + afterW === 0) return cropped;
  return tf.pad(cropped, [
    [0, 0],
    [rows.before, afterH],
    [columns.before, afterW],
    [0, 0],
  ]);
}

/** The two kernels for tfjs. */
export const convBackpropKernels: tf.KernelConfig[] = [
  {
    kernelName: tf.Conv2DBackpropFilter,
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs }) =>
      conv2dBackpropFilter(
        inputs.x as tf.Tensor4D,
        inputs.dy as tf.Tensor4D,
        attrs!.filterShape as [number, number, number, number],
        attrs as unknown as ConvAttrs,
      ),
  },
  {
    kernelName: tf.Conv2DBackpropInput,
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs }) =>
      conv2dBackpropInput(
        attrs!.inputShape as [number, number, number, number],
        inputs.dy as tf.Tensor4D,
        inputs.filter as tf.Tensor4D,
        attrs as unknown as ConvAttrs,
      ),
  },
];
