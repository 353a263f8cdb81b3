// Weight initialisers with PyTorch's and mmengine's formulas (fans from the engine's layouts). Values are drawn in C order of
// the engine's shape, so that a seed gives the same weights on every engine.

import type { Random } from '../random';

/** Returns the values of a tensor with engine shape `shape`. */
export type Initializer = (shape: number[], random: Random) => Float32Array | Int32Array;

const size = (shape: number[]) => shape.reduce((a, b) => a * b, 1);

/** fan_in, fan_out of a filter HWIO (rank 4), of one of one dimension as in PyTorch (rank 3) or a Linear weight [out, in]. */
function fans(shape: number[]): { fanIn: number; fanOut: number } {
  if (shape.length === 4) {
    const [h, w, i, o] = shape;
    return { fanIn: h * w * i, fanOut: h * w * o };
  }
  const [o, i = o, length = 1] = shape;
  return { fanIn: i * length, fanOut: o * length };
}

/** An initializer of one value. */
export const constant =
  (value: number): Initializer =>
  (shape) =>
    new Float32Array(size(shape)).fill(value);

/** The initializer of biases. */
export const zeros: Initializer = constant(0);
/** The initializer of the scales of norms. */
export const ones: Initializer = constant(1);

/** Uses both deviates of each Box-Muller pair, since a detector has tens of millions of weights. */
export const normal =
  (std: number, mean = 0): Initializer =>
  (shape, random) => {
    const values = new Float32Array(size(shape));
    for (let i = 0; i < values.length; i += 2) {
      const radius = std * Math.sqrt(-2 * Math.log(1 - random.uniform()));
      const angle = 2 * Math.PI * random.uniform();
      values[i] = mean + radius * Math.cos(angle);
      if (i + 1 < values.length) values[i + 1] = mean + radius * Math.sin(angle);
    }
    return values;
  };

/** Normal, redrawn until within [a, b] (absolute bounds). */
export const truncatedNormal =
  (std: number, { mean = 0, a = -2, b = 2 }: { mean?: number; a?: number; b?: number } = {}): Initializer =>
  (shape, random) =>
    Float32Array.from({ length: size(shape) }, () => {
      let value = random.normal(mean, std);
      while (value < a || value > b) value = random.normal(mean, std);
      return value;
    });

/** An initializer of values drawn evenly from an interval. */
export const uniform =
  (low: number, high: number): Initializer =>
  (shape, random) => {
    const values = new Float32Array(size(shape));
    for (let i = 0; i < values.length; i++) values[i] = random.uniform(low, high);
    return values;
  };

/** Glorot and Bengio, 2010. */
export const xavier =
  ({ gain = 1, distribution = 'uniform' }: { gain?: number; distribution?: 'uniform' | 'normal' } = {}): Initializer =>
  (shape, random) => {
    const { fanIn, fanOut } = fans(shape);
    const std = gain * Math.sqrt(2 / (fanIn + fanOut));
    return distribution === 'normal'
      ? normal(std)(shape, random)
      : uniform(-Math.sqrt(3) * std, Math.sqrt(3) * std)(shape, random);
  };

/** He et al., 2015; `a` is the negative slope of the leaky ReLU after the layer. */
export const kaiming =
  ({
    mode = 'fan_out',
    distribution = 'normal',
    a = 0,
    nonlinearity = 'relu',
  }: {
    mode?: 'fan_in' | 'fan_out';
    distribution?: 'uniform' | 'normal';
    a?: number;
    nonlinearity?: 'relu' | 'leaky_relu';
  } = {}): Initializer =>
  (shape, random) => {
    const { fanIn, fanOut } = fans(shape);
    const gain = nonlinearity === 'relu' ? Math.SQRT2 : Math.sqrt(2 / (1 + a * a));
    const std = gain / Math.sqrt(mode === 'fan_in' ? fanIn : fanOut);
    return distribution === 'normal'
      ? normal(std)(shape, random)
      : uniform(-Math.sqrt(3) * std, Math.sqrt(3) * std)(shape, random);
  };

/** PyTorch's default of Linear and Conv2d: kaiming_uniform(a = sqrt(5)), i.e. U(-1/sqrt(fan_in), 1/sqrt(fan_in)). */
export const torchDefault: Initializer = kaiming({
  mode: 'fan_in',
  distribution: 'uniform',
  a: Math.sqrt(5),
  nonlinearity: 'leaky_relu',
});

/** The bias initialiser of `torchDefault`. */
export const torchDefaultBias = (fanIn: number): Initializer => uniform(-1 / Math.sqrt(fanIn), 1 / Math.sqrt(fanIn));
