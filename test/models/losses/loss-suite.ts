// Every loss against MMDetection's values and gradients: for each reduction, weighted and averaged (losses.json), MMYOLO's
// IoULoss, GHM with momentum and rarer options (losses_single.json). An engine owns its process: one test file per engine.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type ModuleConfig, Registry } from '../../../src/catalogue/registry';
import { type EngineName, startEngine } from '../../../src/engine';
import { CrossEntropyLoss, type Loss, type LossCall, losses } from '../../../src/models/losses';
import type { Centers } from '../../../src/models/losses/gaussian-focal-loss';
import { Module } from '../../../src/nn';
import { expectClose as expectValuesClose, goldenJson } from '../../golden-data';
import { edgeCases } from './edge-cases';

type Nested = number | Nested[];
interface Case {
  reduction: 'none' | 'mean' | 'sum';
  weighted: boolean;
  avg_factor: number | null;
  value?: Nested;
  grad_of_sum?: Nested;
}
const golden = goldenJson<{
  inputs: Record<string, Nested>;
  losses: Record<string, { cfg: ModuleConfig; cases: Case[] }>;
}>('losses');
const { inputs } = golden;
const registry = new Registry(losses);
const build = <T = Loss>(config: ModuleConfig) => registry.build('loss', config, { path: 'loss' }) as T;
const flat = (values: Nested): number[] =>
  Array.isArray(values) ? values.flatMap(flat) : [values === null ? Number.NaN : values];

function expectClose(actual: tf.Tensor, expected: Nested, tolerance = 2e-6) {
  const values = [...actual.dataSync()];
  const wanted = flat(expected);
  expect(values.length).toBe(wanted.length);
  for (let i = 0; i < wanted.length; i++)
    if (Number.isNaN(wanted[i])) expect(values[i]).toBeNaN();
    else expect(Math.abs(values[i] - wanted[i])).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(wanted[i])));
}

const zeroForNaN = (v: number) => (Number.isNaN(v) ? 0 : v);

/** The value of a case, where MMDetection's CIoULoss has NaN for identical boxes with their 0, reduced as the case says. */
function withoutNaN(
  cases: readonly Case[],
  { value, reduction, weighted, avg_factor }: Case,
  weights: number[],
): Nested {
  if (!flat(value!).some(Number.isNaN)) return value!;
  const each = flat(cases.find((c) => c.reduction === 'none' && !c.weighted)!.value!).map(zeroForNaN);
  if (reduction === 'none') return each;
  const sum = each.reduce((total, v, i) => total + v * (weighted ? weights[i] : 1), 0);
  return reduction === 'sum' ? sum : sum / (avg_factor ?? each.length);
}

/** Declares the tests for one engine. */
export function lossSuite(engine: EngineName): void {
  beforeAll(async () => void (await startEngine({ engine })));

  describe.each([
    ['L1Loss', 'reg'],
    ['SmoothL1_b1', 'reg'],
    ['SmoothL1_b0.11', 'reg'],
    ['CE_softmax', 'softmax'],
    ['CE_softmax_class_weight', 'softmax'],
    ['CE_softmax_ignore', 'softmax'],
    ['CE_sigmoid', 'sigmoid'],
    ['CE_sigmoid_1col', 'column'],
  ])('%s', (name, input) => {
    const { cfg, cases } = golden.losses[name];
    test.each(cases)('$reduction, weighted $weighted, avg_factor $avg_factor', (c) => {
      const loss = build({ ...cfg, reduction: c.reduction });
      tf.tidy(() => {
        const labels = tf.tensor1d(flat(inputs.labels), 'int32');
        const logits = tf.tensor2d(inputs.logits as number[][]);
        let [prediction, target]: [tf.Tensor, tf.Tensor] = [logits, labels];
        if (input === 'reg')
          [prediction, target] = [tf.tensor2d(inputs.reg as number[][]), tf.tensor2d(inputs.reg_t as number[][])];
        if (input === 'sigmoid') prediction = logits.slice([0, 0], [-1, 4]);
        if (input === 'column') {
          prediction = logits.slice([0, 0], [-1, 1]);
          target = tf.greater(labels, 1).cast('int32');
        }
        const weights = tf.tensor1d(flat(inputs.weight));
        const weight = c.weighted ? (input === 'reg' ? weights.expandDims(1) : weights) : undefined;
        const call = { weight, avgFactor: c.avg_factor ?? undefined };
        expectClose(loss.forward(prediction, target, call), c.value!);
        expectClose(tf.grad((x: tf.Tensor) => tf.sum(loss.forward(x, target, call)))(prediction), c.grad_of_sum!);
      });
    });
  });

  test('CE_mask', () => {
    const { cfg, cases } = golden.losses.CE_mask;
    const loss = build<CrossEntropyLoss>(cfg);
    tf.tidy(() => {
      const logits = tf.tensor4d(inputs.mask_logits as number[][][][]).transpose<tf.Tensor4D>([0, 2, 3, 1]);
      const masks = tf.tensor3d(inputs.mask_t as number[][][]);
      const labels = tf.tensor1d(flat(inputs.mask_labels), 'int32');
      expectClose(loss.forwardMask(logits, masks, labels), cases[0].value!);
      const gradient = tf.grad((x: tf.Tensor) => loss.forwardMask(x as tf.Tensor4D, masks, labels))(logits);
      expectClose(gradient.transpose([0, 3, 1, 2]), cases[0].grad_of_sum!);
    });
  });

  const logits4 = () => tf.tensor2d(inputs.logits as number[][]).slice([0, 0], [-1, 4]);
  const labels = () => tf.tensor1d(flat(inputs.labels), 'int32');
  const matrix = (name: string) => tf.tensor2d(inputs[name] as number[][]);

  /** What each loss of boxes, distributions, qualities and masks was called with. */
  const calls: Record<
    string,
    () => { prediction: tf.Tensor; target: tf.Tensor | [tf.Tensor, tf.Tensor]; weight?: tf.Tensor }
  > = {
    box: () => ({ prediction: matrix('a'), target: matrix('b') }),
    boxNotIdentical: () => ({ prediction: matrix('a'), target: matrix('b') }),
    bounded: () => ({
      prediction: matrix('a'),
      target: matrix('b'),
      weight: tf.tensor2d(flat(inputs.weight), [12, 1]),
    }),
    reg: () => ({
      prediction: matrix('reg'),
      target: matrix('reg_t'),
      weight: tf.tensor2d(flat(inputs.weight), [12, 1]),
    }),
    labels: () => ({ prediction: logits4(), target: labels() }),
    quality: () => ({ prediction: logits4(), target: [labels(), tf.tensor1d(flat(inputs.q_scores))] }),
    distribution: () => ({ prediction: matrix('dfl'), target: tf.tensor1d(flat(inputs.dfl_t)) }),
    varifocal: () => ({ prediction: logits4(), target: matrix('vfl_t'), weight: matrix('vfl_w') }),
    gaussian: () => ({ prediction: tf.sigmoid(logits4()), target: matrix('gauss_t') }),
    dice: () => ({
      prediction: tf
        .tensor4d(inputs.mask_logits as number[][][][])
        .slice([0, 0], [-1, 1])
        .squeeze([1]),
      target: tf.tensor3d(inputs.mask_t as number[][][]),
      weight: tf.tensor1d(flat(inputs.dice_w)),
    }),
    seesaw: () => ({ prediction: matrix('seesaw'), target: labels() }),
  };

  describe.each([
    ['MSELoss', 'reg'],
    ['BalancedL1Loss', 'reg'],
    ['IoU_log', 'box'],
    ['IoU_linear', 'box'],
    ['IoU_square', 'box'],
    ['GIoU', 'box'],
    ['DIoU', 'box'],
    ['CIoU', 'box'],
    ['CIoU_no_identical', 'boxNotIdentical'],
    ['EIoU', 'box'],
    ['SIoU', 'box'],
    ['BoundedIoU', 'bounded'],
    ['Focal', 'labels'],
    ['Focal_gamma1.5_a0.4', 'labels'],
    ['QualityFocal', 'quality'],
    ['DistributionFocal', 'distribution'],
    ['Varifocal', 'varifocal'],
    ['GaussianFocal', 'gaussian'],
    ['DiceLoss', 'dice'],
    ['SeesawLoss', 'seesaw'],
    ['GHMC', 'labels'],
  ])('%s', (name, input) => {
    const { cfg, cases } = golden.losses[name];
    const whole = cases.filter((c) => c.value !== undefined);
    test.each(whole)('$reduction, weighted $weighted, avg_factor $avg_factor', (c) => {
      const loss = build<{ forward(p: tf.Tensor, t: tf.Tensor | [tf.Tensor, tf.Tensor], call: LossCall): tf.Tensor }>({
        ...cfg,
        reduction: c.reduction,
      });
      tf.tidy(() => {
        const { prediction, target, weight = tf.tensor1d(flat(inputs.weight)) } = calls[input]();
        if (input === 'boxNotIdentical' && target instanceof tf.Tensor) {
          const values = target.dataSync();
          values.set(
            prediction
              .dataSync()
              .slice(40, 44)
              .map((v) => v + 0.5),
            40,
          );
          return check(tf.tensor2d(values, [12, 4]));
        }
        return check(target);
        function check(truth: tf.Tensor | [tf.Tensor, tf.Tensor]) {
          const call = { weight: c.weighted ? weight : undefined, avgFactor: c.avg_factor ?? undefined };
          expectClose(loss.forward(prediction, truth, call), withoutNaN(cases, c, flat(inputs.weight)), 5e-6);
          const gradient = tf.grad((x: tf.Tensor) => tf.sum(loss.forward(x, truth, call)))(prediction);
          expectClose(gradient, flat(c.grad_of_sum!).map(zeroForNaN), 5e-6);
        }
      });
      if (loss instanceof Module) loss.dispose();
    });
  });

  test('a misspelt option and two exclusive ones are named', () => {
    expect(() => build({ type: 'L1Loss', loss_wieght: 2 })).toThrow(/Did you mean "loss_weight"/);
    expect(() => build({ type: 'CrossEntropyLoss', use_sigmoid: true, use_mask: true })).toThrow(/exclude each other/);
    expect(build({ type: 'CrossEntropyLoss' })).toBeInstanceOf(CrossEntropyLoss);
  });

  /** A case of a rarer option: its loss, how often it is called before, and what it is called with. */
  interface RarerCase {
    cfg: ModuleConfig;
    steps: number;
    weighted: boolean;
    value: Nested;
    grad: number[][];
    input: string;
  }
  type AnyLoss = {
    forward(p: tf.Tensor, t: tf.Tensor | [tf.Tensor, tf.Tensor], call: LossCall & { centers?: Centers }): tf.Tensor;
  };
  const rarer = goldenJson<{ inputs: Record<string, number[] & number[][]>; cases: RarerCase[] }>('losses_single');
  function inputOf(kind: string): [tf.Tensor, tf.Tensor | [tf.Tensor, tf.Tensor]] {
    const matrix = (name: string) => tf.tensor2d(rarer.inputs[name]);
    const column = () => matrix('soft').slice([0, 0], [-1, 1]).reshape([-1]);
    const labels = () => tf.tensor1d(rarer.inputs.labels, 'int32');
    switch (kind) {
      case 'boxes':
        return [matrix('a'), matrix('b')];
      case 'labels':
        return [matrix('logits'), labels()];
      case 'masks':
        return [matrix('logits'), matrix('masks')];
      case 'probabilities':
        return [matrix('p'), labels()];
      case 'probabilities, soft':
        return [matrix('p'), [labels(), column()]];
      case 'centres':
        return [matrix('p'), matrix('soft')];
      default:
        return [matrix('logits'), matrix('soft')];
    }
  }

  test.each(rarer.cases.map((c, i) => [`${i} ${JSON.stringify(c.cfg)}`, c] as const))('%s', (_, c) => {
    const loss = registry.build('loss', c.cfg, { path: 'loss' }) as AnyLoss;
    tf.tidy(() => {
      const [prediction, target] = inputOf(c.input);
      const call: LossCall & { centers?: Centers } = {};
      if (c.weighted || c.input === 'labels') call.weight = tf.tensor1d(rarer.inputs.weight);
      if (c.input === 'centres') {
        const centers = { indices: tf.tensor1d([0, 4], 'int32'), labels: tf.tensor1d([1, 2], 'int32') };
        Object.assign(call, { centers, avgFactor: 2 });
      }
      for (let step = 1; step < c.steps; step++) loss.forward(prediction, target, call);
      let value: number[] = [];
      const gradient = tf.grad((x: tf.Tensor) => {
        const y = loss.forward(x, target, call);
        value = [...y.dataSync()];
        return tf.sum(y);
      })(prediction);
      expectValuesClose(value, flat(c.value), 1e-5 * Math.max(1, ...value.map(Math.abs)), 'value');
      expectValuesClose(gradient.dataSync(), flat(c.grad), 1e-5, 'gradient');
    });
    if (loss instanceof Module) loss.dispose();
  });

  edgeCases(build);
}
