// The conformance suite: every stored case, forward and gradient, on one engine. An engine owns its process, so there is
// one test file per engine, and the file calls `conformance(name)`.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Engine, type EngineName, startEngine } from '../../../src/engine';
import { sampled } from '../../slow-cases';
import { recordKernels, runDetector } from './detector-kernels';
import type { Inputs } from './operation';
import { type Rule, rules } from './rules';
import { cases, inputsOf, operations, optimizerRuns, reference, type StoredCase, storedTensor } from './table';

/** Of the largest reference value; reference outputs are float64 results rounded to float32. */
const TOLERANCE = 2e-5;

/** Kernels of images, not of tensors: compared with the same code in TypeScript in test/models/data-preprocessors. */
const READS_PIXELS = new Set(['DetImages']);

/** Declares the suite for one engine, or one skipped test that says why it does not run. */
export function conformance(name: EngineName, missing: string | undefined): void {
  const asked = process.env.DETLAB_ENGINE;
  if (asked !== undefined && asked !== name) missing = `DETLAB_ENGINE is "${asked}"`;
  if (missing !== undefined) {
    test(`conformance of the ${name} engine`, ({ skip }) => skip(missing));
    return;
  }
  describe(`${name} engine`, () => {
    let engine: Engine;
    const covered = new Set<string>();
    const recorded = new Set<StoredCase>();
    /** Checks a case, and notes the kernels it runs. */
    const exercise = (stored: StoredCase, inputs: ReturnType<typeof inputsOf>) => {
      recordKernels(covered, () => {
        checkForward(stored, inputs);
        if (stored.gradients.length > 0) checkGradients(stored, inputs);
      });
      recorded.add(stored);
    };
    beforeAll(async () => {
      engine = await startEngine({ engine: name });
    });

    test('is the one asked for', () => {
      expect(engine.name).toBe(name);
      expect(engine.description).toContain(engine.device);
    });

    test('refuses a precision it does not have', () => {
      for (const precision of ['bfloat16', 'float16'] as const)
        if (![...engine.precisions, ...engine.memoryPrecisions].includes(precision))
          expect(() => engine.autocast(precision, () => 1)).toThrow(precision);
      expect(engine.autocast('float32', () => 1)).toBe(1);
    });

    test('honours the gradient of tf.customGrad', () => {
      tf.tidy(() => {
        const f = tf.customGrad((x, save) => {
          (save as tf.GradSaveFunc)([x as tf.Tensor]);
          return {
            value: tf.square(x as tf.Tensor),
            gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(tf.mul(dy, saved[0]), 5), // not the true 2 x
          };
        });
        const x = tf.tensor1d([1, -2, 3]);
        const gradient = tf.grad((y) => tf.sum(tf.mul(f(y), 2)))(x);
        expect([...gradient.dataSync()]).toEqual([10, -20, 30]);
      });
    });

    for (const stored of cases) {
      test(stored.name, () => {
        const inputs = inputsOf(stored);
        const before = tf.memory().numTensors;
        exercise(stored, inputs);
        expect(tf.memory().numTensors, 'tensors left behind').toBe(before);
        tf.dispose(inputs);
      });
    }

    test.each(rules)('at the edges: $name', checkRule);

    for (const [detector, classes] of sampled(Object.entries(DETECTORS), 2)) {
      test(`covers every kernel that ${detector} runs`, () => {
        // where only some tests were asked for, the cases run now
        for (const stored of cases)
          if (!recorded.has(stored)) {
            const inputs = inputsOf(stored);
            exercise(stored, inputs);
            tf.dispose(inputs);
          }
        const used = new Set<string>();
        recordKernels(used, () => runDetector(detector, classes, engine));
        expect(used.size).toBeGreaterThan(10);
        expect([...used].filter((kernel) => !covered.has(kernel) && !READS_PIXELS.has(kernel)).sort()).toEqual([]);
      });
    }

    for (const run of optimizerRuns) {
      test(run.name, () => {
        const { lr, momentum = 0, weight_decay: weightDecay = 0, dampening, nesterov } = run.options;
        const parameters = run.shapes.map((shape, i) => tf.variable(storedTensor(`${run.name}/start/${i}`, shape)));
        const buffers = run.shapes.map((shape) => tf.variable(tf.zeros(shape), false));
        const before = tf.memory().numTensors;
        for (let step = 0; step < 3; step++) {
          tf.tidy(() => {
            let gradients = run.shapes.map((s, i) => storedTensor(`${run.name}/gradient/${step}/${i}`, s));
            if (run.maxNorm !== null) {
              const clipped = engine.clipGradNorm(gradients, run.maxNorm);
              expect(Math.abs(clipped.norm - run.norms[step])).toBeLessThan(1e-5 * run.norms[step]);
              gradients = clipped.gradients;
            }
            engine.sgdStep(parameters, gradients, buffers, { lr, momentum, weightDecay, dampening, nesterov });
          });
          parameters.forEach((p, i) => {
            expectClose(p, `${run.name}/after/${step}/${i}`, 2e-6, `parameter ${i} after step ${step}`);
          });
        }
        expect(tf.memory().numTensors, 'tensors left behind').toBe(before);
        tf.dispose([...parameters, ...buffers]);
      });
    }
  });
}

/** Detectors (and their classes) whose kernels must all be in the table: normalisation trained, and frozen with a second pyramid. */
const DETECTORS = { 'faster-rcnn_r18_fpn_bccd': 3, 'faster-rcnn_r50_pafpn_1x_coco': 80 };

function checkForward(stored: StoredCase, inputs: Inputs): void {
  tf.tidy(() => {
    const result = operations[stored.op](inputs, stored.attrs);
    const outputs = Array.isArray(result) ? result : [result];
    expect(outputs.length, 'number of outputs').toBe(stored.outputs.length);
    outputs.forEach((output, i) => {
      const { key, shape, dtype } = stored.outputs[i];
      expect(output.shape, `shape of output ${i}`).toEqual(shape);
      expect(output.dtype, `dtype of output ${i}`).toBe(dtype);
      expectClose(output, key, dtype === 'float32' ? TOLERANCE : 0, `output ${i}`);
    });
  });
}

function checkGradients(stored: StoredCase, inputs: Inputs): void {
  tf.tidy(() => {
    const names = stored.gradients.map((g) => g.name);
    const weights = stored.outputs.map((o) => (o.weight ? storedTensor(o.weight, o.shape) : undefined));
    const loss = (...leaves: tf.Tensor[]) => {
      const result = operations[stored.op](
        { ...inputs, ...Object.fromEntries(names.map((n, i) => [n, leaves[i]])) },
        stored.attrs,
      );
      const outputs = Array.isArray(result) ? result : [result];
      const terms = outputs.flatMap((output, i) => (weights[i] ? [tf.sum(tf.mul(output, weights[i]))] : []));
      return terms.reduce((a, b) => tf.add(a, b)) as tf.Scalar;
    };
    const gradients = tf.grads(loss)(names.map((n) => inputs[n]));
    gradients.forEach((gradient, i) => {
      expect(gradient.shape, `shape of the gradient in ${names[i]}`).toEqual(inputs[names[i]].shape);
      expectClose(gradient, stored.gradients[i].key, TOLERANCE, `gradient in ${names[i]}`);
    });
  });
}

/** Values and gradients of a rule; all gradients in one call. */
function checkRule({ run, inputs, value, gradients, error }: Rule): void {
  const before = tf.memory().numTensors;
  tf.tidy(() => {
    const xs = inputs.map((x) => tf.tensor(x, undefined, 'float32'));
    if (error) {
      expect(() => run(...xs).dataSync()).toThrow(error);
      return;
    }
    expectNumbers(run(...xs), value!, 'value');
    if (!gradients) return;
    const computed = tf.grads((...leaves: tf.Tensor[]) => tf.sum(run(...leaves)))(xs);
    computed.forEach((gradient, i) => {
      expectNumbers(gradient, gradients[i], `gradient in input ${i}`, xs[i].dataSync());
    });
  });
  expect(tf.memory().numTensors, 'tensors left behind').toBe(before);
}

/** Equal to rounding, NaN to NaN; elements whose `source` is NaN are passed over. */
function expectNumbers(actual: tf.Tensor, expected: readonly number[], what: string, source?: ArrayLike<number>): void {
  const found = [...actual.dataSync()].map((v, i) => (source && Number.isNaN(source[i]) ? Number.NaN : v));
  const same = (v: number, e: number) =>
    Object.is(v, e) || v === e || Math.abs(v - e) <= 2e-6 * Math.max(1, Math.abs(e));
  if (found.length !== expected.length || !found.every((v, i) => same(v, expected[i])))
    expect.fail(`${what}: received [${found}], expected [${expected}]`);
}

/** Compares to the stored values: the largest difference over the largest magnitude (at least 1). */
function expectClose(actual: tf.Tensor, key: string, tolerance: number, what: string): void {
  const expected = reference(key);
  const values = actual.dataSync();
  expect(values.length, `elements of ${what}`).toBe(expected.length);
  let scale = 1;
  for (const e of expected) if (Number.isFinite(e)) scale = Math.max(scale, Math.abs(e));
  for (let i = 0; i < expected.length; i++) {
    const same = Object.is(values[i], expected[i]) || values[i] === expected[i];
    if (same || Math.abs(values[i] - expected[i]) <= tolerance * scale) continue;
    expect.fail(`${what}: element ${i} of [${actual.shape}] is ${values[i]}, expected ${expected[i]}`);
  }
}
