// The golden reference data in tests: the weight and input formulas of golden/README.md, reading the files, PyTorch's
// layouts to ours and back, and `checkModule`, the one comparison of a module with its golden file.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';
import { readSafetensors } from '../src/checkpoints/safetensors-file';
import { BatchNorm2d } from '../src/nn/batch-norm2d';
import { type Module, type StateTensor, torchShape } from '../src/nn/module';

const folder = path.join(__dirname, 'golden');

export const goldenJson = <T>(name: string): T => JSON.parse(readFileSync(path.join(folder, `${name}.json`), 'utf8'));
export const golden = (name: string) => readSafetensors(path.join(folder, `${name}.safetensors`));

/** FNV-1a, 32 bit. */
export function fnv(name: string): number {
  let h = 2166136261;
  for (const byte of Buffer.from(name, 'utf8')) h = Math.imul(h ^ byte, 16777619) >>> 0;
  return h;
}

/** Element i of the stream `name`, uniform in [0, 1). */
export function u01(name: string, i: number, hash = fnv(name)): number {
  let x = (i + hash) >>> 0;
  x ^= x >>> 16;
  x = Math.imul(x, 0x85ebca6b) >>> 0;
  x ^= x >>> 13;
  x = Math.imul(x, 0xc2b2ae35) >>> 0;
  x ^= x >>> 16;
  return (x >>> 0) / 2 ** 32;
}

const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

function stream(name: string, n: number, f: (u: number) => number): Float32Array {
  const hash = fnv(name);
  const out = new Float32Array(n);
  for (let i = 0; i < n; i++) out[i] = f(u01(name, i, hash));
  return out;
}

/** Uniform in [-scale, scale) + shift. */
export const sgn = (name: string, shape: readonly number[], scale = 1, shift = 0): Float32Array =>
  stream(name, size(shape), (u) => (2 * u - 1) * scale + shift);

const RULES: [RegExp, number][] = [
  [/(rpn_reg|fc_reg|retina_reg|conv_reg)\.weight$/, 0.1],
  [/sampling_offsets\.weight$/, 0.1],
  [/(lateral_convs|fpn_convs)\.\d+\.conv\.weight$/, 0.5],
  [/rpn_cls\.weight$/, 0.5],
];

/** The value of a parameter or buffer by its state-dict name; `shape` is PyTorch's. */
export function pvalue(name: string, shape: readonly number[], extraRules: [string, number][] = []): Float32Array {
  if (name.endsWith('num_batches_tracked')) return new Float32Array(1);
  if (name.endsWith('running_mean')) return sgn(name, shape, 0.1);
  if (name.endsWith('running_var')) return stream(name, size(shape), (u) => 1 + 0.5 * u);
  if (shape.length >= 2) {
    let scale = Math.sqrt(6 / size(shape.slice(1)));
    for (const [pattern, factor] of RULES) if (pattern.test(name)) scale *= factor;
    for (const [pattern, factor] of extraRules) if (new RegExp(pattern).test(name)) scale *= factor;
    return sgn(name, shape, scale);
  }
  if (name.endsWith('bn3.weight')) return sgn(name, shape, 0.03, 0.3);
  if (name.endsWith('.weight')) return sgn(name, shape, 0.1, 1);
  return sgn(name, shape, 0.1);
}

export interface BoxOptions {
  w?: number;
  h?: number;
  min?: number;
  max?: number;
  clip?: boolean;
}

/** n boxes xyxy, flat. */
export function boxes(
  name: string,
  n: number,
  { w = 160, h = 120, min = 4, max = 80, clip = true }: BoxOptions = {},
): Float32Array {
  const hash = fnv(name);
  const out = new Float32Array(4 * n);
  for (let i = 0; i < n; i++) {
    const [u0, u1, u2, u3] = [0, 1, 2, 3].map((k) => u01(name, 4 * i + k, hash));
    const x1 = u0 * (w - min);
    const y1 = u1 * (h - min);
    const cut = (v: number, limit: number) => (clip ? Math.min(Math.max(v, 0), limit) : v);
    out.set([x1, y1, cut(x1 + min + u2 * max, w), cut(y1 + min + u3 * max, h)], 4 * i);
  }
  return out;
}

/** The formula image, 8-bit BGR interleaved. */
export function image(height: number, width: number): Uint8Array {
  const out = new Uint8Array(height * width * 3);
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      out[at++] = (3 * x + 5 * y) % 256;
      out[at++] = (Math.floor((x * x) / 7) + 11 * y) % 256;
      out[at++] = ((Math.floor(x / 16) + Math.floor(y / 16)) % 2) * 160 + ((x * y) % 96);
    }
  return out;
}

/** A tensor stored NCHW as one of ours, NHWC; the caller disposes it. */
export function nhwc({ data, shape }: { data: ArrayLike<number>; shape: readonly number[] }): tf.Tensor4D {
  return tf.tidy(() =>
    tf.transpose(tf.tensor4d(Float32Array.from(data), shape as [number, number, number, number]), [0, 2, 3, 1]),
  );
}

/** The values of an NHWC tensor in NCHW order. */
export function nchw(x: tf.Tensor): Float32Array {
  return tf.tidy(() => tf.transpose(x, [0, 3, 1, 2]).dataSync<'float32'>().slice());
}

/** Fills every tensor of a module by formula; `prefix` stands before its names in the whole model. */
export function fillByFormula(module: Module, prefix = '', extraRules: [string, number][] = []): void {
  const state = new Map<string, StateTensor>();
  for (const [name, p] of module.named()) {
    const shape = torchShape(p);
    const values = pvalue(prefix + name, shape, extraRules);
    const integer = p.variable.dtype === 'int32';
    state.set(name, { shape, dtype: integer ? 'int32' : 'float32', data: integer ? Int32Array.from(values) : values });
  }
  const { mismatched, missing } = module.loadStateDict(state);
  expect({ mismatched, missing }).toEqual({ mismatched: [], missing: [] });
}

export function maxDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let most = 0;
  for (let i = 0; i < a.length; i++) {
    const d = Math.abs(a[i] - b[i]);
    if (!(d <= most)) most = d;
  }
  return most;
}

/** Fails with the largest difference unless all values agree within `tolerance` (absolute). */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what = '',
): void {
  expect(actual.length, `${what} length`).toBe(expected.length);
  expect(maxDifference(actual, expected), `${what} largest difference`).toBeLessThanOrEqual(tolerance);
}

/** Each parameter's gradient by its sum and its product with a stream of its own, [parameters, 2] in `expected`. */
export function checkWeightGradients(
  name: string,
  module: Module,
  expected: Float32Array,
  loss: () => tf.Tensor,
): void {
  const parameters = [...module.named()].filter(([, p]) => p.kind === 'parameter');
  expect(expected.length, `${name} grad_w length`).toBe(2 * parameters.length);
  tf.tidy(() => {
    const variables = parameters.map(([, p]) => p.variable);
    const { grads } = tf.variableGrads(loss as () => tf.Scalar, variables);
    for (const [j, [key, p]] of parameters.entries()) {
      // a parameter the outputs do not depend on has none
      const g = grads[p.variable.name] ?? tf.zerosLike(p.variable);
      const shape = torchShape(p);
      const values = p.layout.kind === 'conv' ? tf.transpose(g, [3, 2, 0, 1]) : g;
      const data = values.dataSync<'float32'>();
      const signs = sgn(`d:${key}`, shape);
      let [sum, product, scale] = [0, 0, 0];
      for (let i = 0; i < data.length; i++) {
        sum += data[i];
        product += data[i] * signs[i];
        scale += Math.abs(data[i]);
      }
      const tolerance = Math.max(1e-4 * scale, 1e-7);
      expectClose([sum, product], expected.slice(2 * j, 2 * j + 2), tolerance, `${name} gradient of ${key}`);
    }
  });
}

type Forward = Module & { forward(inputs: tf.Tensor4D[]): tf.Tensor4D[] };

/**
 * Compares a module on feature maps (necks) with its golden file: names, shapes and order of its parameters, outputs, and
 * input gradients where the file has them. `build` receives the file's cfg. Also checks that a second call leaks nothing.
 */
export function checkModule(
  name: string,
  build: (config: { type: string } & Record<string, unknown>) => Forward,
): void {
  const { tensors, metadata } = golden(name);
  const module = build(JSON.parse(metadata.cfg));
  const shapes = Object.fromEntries([...module.named()].map(([key, p]) => [key, torchShape(p)]));
  const expectedShapes = JSON.parse(metadata.params);
  expect(Object.keys(shapes)).toEqual(Object.keys(expectedShapes));
  expect(shapes).toEqual(expectedShapes);
  fillByFormula(module, '', JSON.parse(metadata.extra_rules ?? '[]'));
  module.eval();

  const list = (prefix: string) => {
    const found: StateTensor[] = [];
    for (let k = 0; tensors.has(`${prefix}${k}`); k++) found.push(tensors.get(`${prefix}${k}`)!);
    return found;
  };
  // inputs not stored are those of the formula
  const shapesIn: number[][] = JSON.parse(metadata.inputs ?? '[]');
  const inputs = tensors.has('in0')
    ? list('in').map(nhwc)
    : shapesIn.map((shape, k) => nhwc({ shape, data: sgn(`in${k}`, shape) }));
  const expected = list('out');
  const drift = Number(metadata.max_abs_f32_vs_f64);
  const largest = Math.max(...expected.map(({ data }) => maxDifference(data, new Float32Array(data.length))));
  const tolerance = Number.isFinite(drift) ? 10 * drift : 1e-4 * largest;
  const run = () => tf.tidy(() => module.forward(inputs).map((y) => ({ shape: y.shape, data: nchw(y) })));
  const outputs = run();
  // batch norms keep their folded form between evaluations, and forget it where gradients are recorded
  const kept = () => [...module.modules()].flatMap(([, part]) => (part instanceof BatchNorm2d ? part.kept : [])).length;
  const tensorsNow = () => tf.memory().numTensors - kept();
  const before = tensorsNow();
  run();
  expect(tensorsNow(), 'tensors left by a second call').toBe(before);
  expect(outputs.map(({ shape: [n, h, w, c] }) => [n, c, h, w])).toEqual(expected.map((t) => t.shape));
  for (const [i, y] of outputs.entries()) expectClose(y.data, expected[i].data, tolerance, `${name} out${i}`);

  const gradients = list('grad_in');
  if (gradients.length > 0) {
    const found = tf.tidy(() => {
      const weights = expected.map((t, i) => nhwc({ shape: t.shape, data: sgn(`g${i}`, t.shape) }));
      const loss = (...xs: tf.Tensor[]) => {
        const terms = module.forward(xs as tf.Tensor4D[]).map((y, i) => tf.mean(tf.mul(y, weights[i])));
        // a level that does not enter still wants its gradient, zero
        return tf.addN([...terms, ...xs.map((x) => tf.mul(tf.sum(x), 0))]) as tf.Scalar;
      };
      return tf.grads(loss)(inputs).map(nchw);
    });
    for (const [i, g] of found.entries()) {
      const scale = maxDifference(gradients[i].data, new Float32Array(g.length));
      expectClose(g, gradients[i].data, Math.max(1e-4 * scale, 1e-9), `${name} grad_in${i}`);
    }
    expect(tensorsNow(), 'tensors left by the gradient').toBe(before);
  }
  if (tensors.has('grad_w')) {
    checkWeightGradients(name, module, tensors.get('grad_w')!.data as Float32Array, () =>
      tf.addN(
        module.forward(inputs).map((y, i) => {
          const { shape } = expected[i];
          return tf.mean(tf.mul(y, nhwc({ shape, data: sgn(`g${i}`, shape) })));
        }),
      ),
    );
    expect(tensorsNow(), 'tensors left by the gradient of the weights').toBe(before);
  }
  tf.dispose(inputs);
  module.dispose();
}
