// Convolutions, pooling, resizing and inference batch normalisation.

import * as tf from '@tensorflow/tfjs';
import type { TorchBackend, TorchData } from '../backend';
import { kernel, native } from '../native';
import { type Attributes, define, type KernelCall } from './define';

type Info = tf.backend_util.Conv2DInfo;

/**
 * Padding [top, bottom, left, right] for exactly tfjs's output size: symmetric if libtorch's rounding agrees, otherwise what
 * the last window needs (negative if rows are unused).
 */
function pads(info: Info): number[] {
  const axis = (size: number, out: number, stride: number, span: number, before: number) =>
    Math.floor((size + 2 * before - span) / stride) + 1 === out
      ? [before, before]
      : [before, (out - 1) * stride + span - size - before];
  return [
    ...axis(info.inHeight, info.outHeight, info.strideHeight, info.effectiveFilterHeight, info.padInfo.top),
    ...axis(info.inWidth, info.outWidth, info.strideWidth, info.effectiveFilterWidth, info.padInfo.left),
  ];
}

const geometry = (info: Info): [number[], number[], number[]] => [
  [info.strideHeight, info.strideWidth],
  pads(info),
  [info.dilationHeight, info.dilationWidth],
];

function convInfo(xShape: number[], filterShape: number[], attrs: Attributes, depthwise = false): Info {
  const format = attrs.dataFormat ?? 'NHWC';
  if (format !== 'NHWC' && format !== 'channelsLast')
    throw new Error(`Cannot convolve on the torch engine: expected NHWC, received ${format}. Transpose first`);
  return tf.backend_util.computeConv2DInfo(
    xShape as [number, number, number, number],
    filterShape as [number, number, number, number],
    attrs.strides,
    attrs.dilations ?? 1,
    attrs.pad,
    attrs.dimRoundingMode,
    depthwise,
  );
}

/** The filter's slot, after converting its variable to the memory format of convolutions (once per variable). */
export function filterSlot(backend: TorchBackend, filter: tf.TensorInfo): number {
  const slot = backend.slotOf(filter);
  const data = filter.dataId as TorchData;
  const owner = data.source ?? data;
  if (!owner.filterReady) owner.filterReady = native.prepareFilter(owner.slot);
  return data.slot === slot ? slot : data.slot;
}

/** Applies the activation to a result. */
function activated(call: KernelCall, result: tf.TensorInfo): tf.TensorInfo {
  const { attrs, inputs, backend, slot } = call;
  const name = attrs.activation ?? 'linear';
  if (name === 'linear') return result;
  const out = kernel.activate(slot(result), name, attrs.leakyreluAlpha ?? 0.2, slot(inputs.preluActivationWeights));
  backend.disposeData(result.dataId);
  return backend.make(out, 'float32');
}

/** tfjs allows biases of other shapes than [channels] that broadcast; they are added after the convolution. */
function withBias(call: KernelCall, info: Info, run: (bias: number) => number): tf.TensorInfo {
  const { inputs, backend, slot } = call;
  const bias = inputs.bias;
  if (!bias || (bias.shape.length === 1 && bias.shape[0] === info.outChannels))
    return activated(call, backend.make(run(slot(bias)), 'float32'));
  const bare = backend.make(run(-1), 'float32');
  const sum = kernel.add(slot(bare), slot(bias));
  backend.disposeData(bare.dataId);
  return activated(call, backend.make(sum, 'float32'));
}

const convolution = (kernelName: string) =>
  define(kernelName, (call) => {
    const { inputs, attrs, backend, slot } = call;
    const info = convInfo(inputs.x.shape, inputs.filter.shape, attrs);
    return withBias(call, info, (bias) =>
      kernel.conv2d(slot(inputs.x), filterSlot(backend, inputs.filter), bias, ...geometry(info)),
    );
  });

const depthwise = (kernelName: string) =>
  define(kernelName, (call) => {
    const { inputs, attrs, slot } = call;
    const info = convInfo(inputs.x.shape, inputs.filter.shape, attrs, true);
    return withBias(call, info, (bias) =>
      kernel.depthwise(slot(inputs.x), slot(inputs.filter), bias, ...geometry(info)),
    );
  });

const inputGradient = (kernelName: string, name: string, isDepthwise: boolean) =>
  define(kernelName, ({ inputs: { dy, filter }, attrs, backend, slot }) => {
    const info = convInfo(attrs.inputShape, filter.shape, attrs, isDepthwise);
    const size = [info.inHeight, info.inWidth];
    return backend.make(kernel[name](slot(dy), slot(filter), size, ...geometry(info)), 'float32');
  });

const filterGradient = (kernelName: string, name: string, isDepthwise: boolean) =>
  define(kernelName, ({ inputs: { x, dy }, attrs, backend, slot }) => {
    const info = convInfo(x.shape, attrs.filterShape, attrs, isDepthwise);
    return backend.make(kernel[name](slot(x), slot(dy), attrs.filterShape, ...geometry(info)), 'float32');
  });

function poolGeometry(shape: number[], attrs: Attributes): [number[], number[], number[], number[]] {
  const info = tf.backend_util.computePool2DInfo(
    shape as [number, number, number, number],
    attrs.filterSize,
    attrs.strides,
    attrs.dilations ?? 1,
    attrs.pad,
    attrs.dimRoundingMode,
  );
  return [[info.filterHeight, info.filterWidth], ...geometry(info)];
}

const resize = (kernelName: string, name: string) =>
  define(kernelName, ({ inputs: { images }, attrs, backend, slot }) =>
    backend.make(
      kernel[name](slot(images), attrs.size, Boolean(attrs.alignCorners), Boolean(attrs.halfPixelCenters)),
      name === 'resizeNearest' ? images.dtype : 'float32',
    ),
  );

const resizeGradient = (kernelName: string, name: string) =>
  define(kernelName, ({ inputs: { images, dy }, attrs, backend, slot }) =>
    backend.make(
      kernel[name](
        slot(images),
        [dy.shape[1], dy.shape[2]],
        Boolean(attrs.alignCorners),
        Boolean(attrs.halfPixelCenters),
        slot(dy),
      ),
      'float32',
    ),
  );

export const convolutionKernels: tf.KernelConfig[] = [
  convolution('Conv2D'),
  convolution('FusedConv2D'),
  depthwise('DepthwiseConv2dNative'),
  depthwise('FusedDepthwiseConv2D'),
  inputGradient('Conv2DBackpropInput', 'conv2dInputGradient', false),
  filterGradient('Conv2DBackpropFilter', 'conv2dFilterGradient', false),
  inputGradient('DepthwiseConv2dNativeBackpropInput', 'depthwiseInputGradient', true),
  filterGradient('DepthwiseConv2dNativeBackpropFilter', 'depthwiseFilterGradient', true),
  define('MaxPool', ({ inputs: { x }, attrs, backend, slot }) =>
    backend.make(kernel.maxPool(slot(x), ...poolGeometry(x.shape, attrs)), x.dtype),
  ),
  define('AvgPool', ({ inputs: { x }, attrs, backend, slot }) =>
    backend.make(kernel.averagePool(slot(x), ...poolGeometry(x.shape, attrs)), 'float32'),
  ),
  define('MaxPoolGrad', ({ inputs: { dy, input }, attrs, backend, slot }) =>
    backend.make(kernel.maxPoolGradient(slot(input), ...poolGeometry(input.shape, attrs), slot(dy)), 'float32'),
  ),
  define('AvgPoolGrad', ({ inputs: { dy, input }, attrs, backend, slot }) =>
    backend.make(kernel.averagePoolGradient(input.shape, ...poolGeometry(input.shape, attrs), slot(dy)), 'float32'),
  ),
  resize('ResizeNearestNeighbor', 'resizeNearest'),
  resize('ResizeBilinear', 'resizeBilinear'),
  resizeGradient('ResizeNearestNeighborGrad', 'resizeNearestGradient'),
  resizeGradient('ResizeBilinearGrad', 'resizeBilinearGradient'),
  define('FusedBatchNorm', ({ inputs: { x, mean, variance, offset, scale }, attrs, backend, slot }) =>
    backend.make(
      kernel.batchNorm(slot(x), slot(mean), slot(variance), slot(offset), slot(scale), attrs.varianceEpsilon ?? 0.001),
      'float32',
    ),
  ),
];
