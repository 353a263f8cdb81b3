// Trains a model of golden/training_curves.json from the formulas' weights on its made images, with the losses of each step.

import type * as tf from '@tensorflow/tfjs';
import type { ModuleConfig } from '../../src/catalogue/registry';
import { loadConfig } from '../../src/config';
import type { PackedSample } from '../../src/data/types';
import { catalogue } from '../../src/lab/catalogue';
import { boxToRle } from '../../src/masks';
import { buildDetector } from '../../src/models/build';
import { type StateTensor, torchShape } from '../../src/nn/module';
import { Random } from '../../src/random';
import { pass } from '../../src/training/gradients';
import { OptimWrapper, type OptimWrapperConfig } from '../../src/training/optim-wrapper';
import { image as formulaImage, goldenJson, pvalue, u01 } from '../golden-data';

interface Curves {
  height: number;
  width: number;
  images: number;
  classes: number;
  extra_rules: [string, number][];
  prior: string;
  models: Record<
    string,
    {
      config: string;
      options: Record<string, unknown>;
      optim_wrapper: OptimWrapperConfig;
      curves: Record<string, number[]>;
      /** How far the reference is from itself after 10 and 50 steps, its weights moved by a rounding. */
      twin: Record<string, [number, number]>;
    }
  >;
}
export const reference = goldenJson<Curves>('training_curves');
const { height: H, width: W, classes } = reference;

/** Objects with whole pixels as corners, and their boxes, which are not. */
function truths(i: number): { boxes: number[][]; labels: number[]; insets: number[][] } {
  const n = 2 + (i % 3);
  const u = (at: number) => u01(`boxes ${i}`, at);
  const boxes = Array.from({ length: n }, (_, k) => {
    const x = Math.floor(u(4 * k) * (W - 60));
    const y = Math.floor(u(4 * k + 1) * (H - 60));
    const right = Math.min(x + 24 + Math.floor(u(4 * k + 2) * 70), W);
    return [x, y, right, Math.min(y + 24 + Math.floor(u(4 * k + 3) * 70), H)];
  });
  const insets = boxes.map((box, k) =>
    box.map((value, side) => value + u01(`inset ${i}`, 4 * k + side) * (side < 2 ? 1 : -1)),
  );
  return { boxes, labels: boxes.map((_, k) => (i + k) % classes), insets };
}

function sample(i: number, withMasks: boolean): PackedSample {
  const { boxes, labels, insets } = truths(i);
  const data = formulaImage(H, W);
  for (const [k, [x1, y1, x2, y2]] of boxes.entries())
    for (let y = y1; y < y2; y++)
      for (let x = x1; x < x2; x++)
        data.set([70 * labels[k] + 40, 200 - 60 * labels[k], 20 + 90 * labels[k]], 3 * (y * W + x));
  const masks = boxes.map(([x1, y1, x2, y2]) => boxToRle([x1, y1, x2 - x1, y2 - y1], H, W));
  return {
    image: { data, width: W, height: H, order: 'bgr' },
    meta: { imgId: i, imgPath: `made ${i}`, oriShape: [H, W], imgShape: [H, W], scaleFactor: [1, 1], flip: false },
    truths: {
      bboxes: Float32Array.from(insets.flat()),
      labels: Int32Array.from(labels),
      ignored: new Uint8Array(labels.length),
      ...(withMasks && { masks: { kind: 'bitmap' as const, height: H, width: W, masks } }),
    },
  };
}

function modelOf(name: string): ModuleConfig {
  const { config: file, options } = reference.models[name];
  const config = structuredClone(loadConfig(file).config);
  for (const [dotted, value] of Object.entries(options)) {
    const names = dotted.split('.');
    let at = config as Record<string, unknown>;
    for (const part of names.slice(0, -1)) at = at[part] as Record<string, unknown>;
    at[names.at(-1)!] = value;
  }
  return config.model as unknown as ModuleConfig;
}

/** The losses of `steps` steps by name, `loss` their sum. */
export function trainedCurves(name: string, steps: number): Record<string, number[]> {
  const { optim_wrapper } = reference.models[name];
  const model = buildDetector(modelOf(name));
  const prior = new RegExp(reference.prior);
  const state = new Map<string, StateTensor>();
  for (const [key, parameter] of model.named()) {
    const shape = torchShape(parameter);
    const isInteger = parameter.variable.dtype === 'int32';
    const values = prior.test(key)
      ? new Float32Array(parameter.variable.size).fill(-Math.log(99))
      : pvalue(key, shape, reference.extra_rules);
    state.set(key, {
      shape,
      dtype: isInteger ? 'int32' : 'float32',
      data: isInteger ? Int32Array.from(values) : values,
    });
  }
  model.loadStateDict(state);
  model.train();
  const wrapper = new OptimWrapper(model, optim_wrapper, catalogue, steps);
  const random = Random.seeded(0);
  const curves: Record<string, number[]> = {};
  for (let step = 0; step < steps; step++) {
    const samples = [0, 1].map((k) => sample((2 * step + k) % reference.images, name === 'Mask R-CNN'));
    const batch = model.preprocess(samples, step);
    const { scalars, gradients } = pass(model, batch, wrapper.variables as tf.Variable[], {
      random,
      epoch: 0,
      iteration: step,
    });
    batch.inputs.dispose();
    for (const [key, value] of Object.entries(scalars)) {
      curves[key] ??= [];
      curves[key].push(value);
    }
    wrapper.update(gradients);
  }
  wrapper.dispose();
  model.dispose();
  return curves;
}

/** The largest difference of a curve relative to the reference's, in its first `steps` steps. */
export function largestDifference(curve: readonly number[], expected: readonly number[]): number {
  const scale = Math.max(...expected.slice(0, curve.length).map(Math.abs));
  return Math.max(...curve.map((value, i) => Math.abs(value - expected[i]))) / scale;
}
