// Convolutions that tfjs-node lacks or differentiates wrongly: with explicit padding (the input is padded beforehand) and, in
// gradients, with dilation (zeros are inserted between the filter's taps, since TensorFlow's CPU kernels do not support
// dilation in backward).

import * as tf from '@tensorflow/tfjs';

type Shape = [number, number, number, number];
type Attributes = Record<string, unknown>;
type Kernel = (inputs: Record<string, tf.Tensor4D>, attributes: Attributes) => tf.Tensor4D;

/** Output sizes, padding and dilations of a call; `attributes` are those of the forward kernel. */
function describe(inShape: number[], filterShape: number[], attributes: Attributes, depthwise: boolean) {
  return tf.backend_util.computeConv2DInfo(
    inShape as Shape,
    filterShape as Shape,
    attributes.strides as [number, number],
    (attributes.dilations as [number, number] | undefined) ?? 1,
    attributes.pad as 'same',
    attributes.dimRoundingMode as 'floor' | undefined,
    depthwise,
  );
}

const known = (info: tf.backend_util.Conv2DInfo) => info.padInfo.type === 'VALID' || info.padInfo.type === 'SAME';
const dilated = (info: tf.backend_util.Conv2DInfo) => info.dilationHeight * info.dilationWidth > 1;

function padded(x: tf.Tensor4D, { padInfo: { top, bottom, left, right } }: tf.backend_util.Conv2DInfo): tf.Tensor4D {
  if (top + bottom + left + right === 0) return x;
  return tf.pad(x, [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ]);
}

/** [KH, KW, A, B] -> [(KH-1)*dh+1, (KW-1)*dw+1, A, B] with zeros between the taps. */
function spread(filter: tf.Tensor4D, { dilationHeight: dh, dilationWidth: dw }: tf.backend_util.Conv2DInfo) {
  const [kh, kw, a, b] = filter.shape;
  const wide = tf.pad(filter.reshape([kh * kw, a * b]), [
    [0, 0],
    [0, (dw - 1) * a * b],
  ]);
  const tall = tf.pad(wide.reshape([kh, kw * dw * a * b]), [
    [0, 0],
    [0, (dh - 1) * kw * dw * a * b],
  ]);
  return tall
    .reshape<tf.Tensor4D>([kh * dh, kw * dw, a, b])
    .slice([0, 0, 0, 0], [(kh - 1) * dh + 1, (kw - 1) * dw + 1, a, b]);
}

function forward(stock: Kernel, depthwise: boolean): Kernel {
  return ({ x, filter }, attributes) => {
    const info = describe(x.shape, filter.shape, attributes, depthwise);
    if (known(info)) return stock({ x, filter }, attributes);
    return stock({ x: padded(x, info), filter }, { ...attributes, pad: 'valid' });
  };
}

function inputGradient(stock: Kernel, depthwise: boolean): Kernel {
  return ({ dy, filter }, attributes) => {
    const inShape = attributes.inputShape as Shape;
    const info = describe(inShape, filter.shape, attributes, depthwise);
    if (known(info) && !dilated(info)) return stock({ dy, filter }, attributes);
    const { top, bottom, left, right } = info.padInfo;
    const [n, height, width, channels] = inShape;
    const plain = { ...attributes, dilations: 1, pad: 'valid' };
    const whole = stock(
      { dy, filter: spread(filter, info) },
      { ...plain, inputShape: [n, height + top + bottom, width + left + right, channels] },
    );
    return tf.slice(whole, [0, top, left, 0], inShape);
  };
}

function filterGradient(stock: Kernel, depthwise: boolean): Kernel {
  return ({ x, dy }, attributes) => {
    const shape = attributes.filterShape as Shape;
    const info = describe(x.shape, shape, attributes, depthwise);
    if (known(info) && !dilated(info)) return stock({ x, dy }, attributes);
    const { dilationHeight: dh, dilationWidth: dw } = info;
    const [kh, kw, a, b] = shape;
    const full: Shape = [(kh - 1) * dh + 1, (kw - 1) * dw + 1, a, b];
    const plain = { ...attributes, dilations: 1, pad: 'valid', filterShape: full };
    const whole = stock({ x: padded(x, info), dy }, plain);
    return tf.stridedSlice(whole, [0, 0, 0, 0], full, [dh, dw, 1, 1]) as tf.Tensor4D;
  };
}

const wrappers: [string, (stock: Kernel, depthwise: boolean) => Kernel, boolean][] = [
  [tf.Conv2D, forward, false],
  [tf.Conv2DBackpropInput, inputGradient, false],
  [tf.Conv2DBackpropFilter, filterGradient, false],
  [tf.DepthwiseConv2dNative, forward, true],
  [tf.DepthwiseConv2dNativeBackpropInput, inputGradient, true],
  [tf.DepthwiseConv2dNativeBackpropFilter, filterGradient, true],
];

/** The kernels over tfjs-node's, which must be registered. */
export function convolutionKernels(): tf.KernelConfig[] {
  return wrappers.map(([kernelName, wrap, depthwise]) => {
    const config = tf.getKernel(kernelName, 'tensorflow')!;
    return {
      ...config,
      kernelFunc: ({ inputs, backend, attrs }) => {
        const stock: Kernel = (tensors, attributes) => {
          const call = { inputs: tensors, backend, attrs: attributes as unknown as tf.NamedAttrMap };
          const out = config.kernelFunc(call as unknown as Parameters<tf.KernelFunc>[0]) as tf.Tensor4D;
          return out.rank === undefined ? (tf.engine().makeTensorFromTensorInfo(out) as tf.Tensor4D) : out;
        };
        const run = wrap(stock, depthwise);
        return tf.tidy(() => run(inputs as Record<string, tf.Tensor4D>, attrs as unknown as Attributes));
      },
    };
  });
}
