// Adam (Kingma and Ba, ICLR 2015) and AdamW (Loshchilov and Hutter, ICLR 2019) by PyTorch's formulas. Both keep a running
// mean of the gradients and of their squares; Adam adds the weight decay to the gradient, AdamW takes it from the weights.

import * as tf from '@tensorflow/tfjs';
import { engine } from '../../engine';
import { DetLabError } from '../../errors';
import { assignState, type StateDict, torchShape, toState } from '../../nn/module';
import type { ParameterGroup } from '../parameter-groups';
import type { Optimizer } from './optimizer';

export interface AdaptiveSettings {
  betas: [number, number];
  eps: number;
  amsgrad: boolean;
  /** Weight decay shrinks the weights and is not added to the gradient. */
  decoupled: boolean;
}

const KINDS = ['exp_avg', 'exp_avg_sq', 'max_exp_avg_sq'] as const;
type Moment = (typeof KINDS)[number];

export class AdaptiveMoments implements Optimizer {
  private readonly moments: Partial<Record<Moment, tf.Variable[]>> = {};
  /** Steps each parameter has taken: one without a gradient takes none. */
  private readonly steps: Int32Array;

  constructor(
    readonly groups: ParameterGroup[],
    private readonly settings: AdaptiveSettings,
  ) {
    this.steps = new Int32Array(groups.length);
    for (const kind of KINDS)
      if (kind !== 'max_exp_avg_sq' || settings.amsgrad)
        this.moments[kind] = groups.map((g) => tf.tidy(() => tf.variable(tf.zeros(g.parameter.variable.shape), false)));
  }

  step(gradients: readonly (tf.Tensor | undefined)[]): void {
    const batches = new Map<string, number[]>();
    for (const [i, group] of this.groups.entries()) {
      if (!gradients[i]) continue;
      const key = `${group.lr} ${group.weightDecay} ${group.momentum} ${++this.steps[i]}`;
      const batch = batches.get(key);
      if (batch) batch.push(i);
      else batches.set(key, [i]);
    }
    for (const batch of batches.values()) tf.tidy(() => this.update(batch, gradients));
  }

  /** Parameters that share their rates and have taken as many steps. */
  private update(batch: number[], gradients: readonly (tf.Tensor | undefined)[]): void {
    const { eps: epsilon, amsgrad, decoupled } = this.settings;
    const [first, second] = this.settings.betas;
    const { lr, momentum = first, weightDecay } = this.groups[batch[0]];
    const betas: [number, number] = [momentum, second];
    const variables = batch.map((i) => this.groups[i].parameter.variable);
    const used = batch.map((i, k) => {
      const gradient = gradients[i] as tf.Tensor;
      return decoupled || weightDecay === 0 ? gradient : tf.add(gradient, tf.mul(variables[k], weightDecay));
    });
    const of = (kind: Moment) => batch.map((i) => (this.moments[kind] as tf.Variable[])[i]);
    const options = { lr, betas, epsilon, weightDecay: decoupled ? weightDecay : 0, step: this.steps[batch[0]] };
    if (!amsgrad) engine().adamWStep(variables, used, of('exp_avg'), of('exp_avg_sq'), options);
    else
      for (const [k, i] of batch.entries()) {
        const [mean, meanSquare, maxSquare] = KINDS.map((kind) => (this.moments[kind] as tf.Variable[])[i]);
        amsgradStep(variables[k], used[k], [mean, meanSquare, maxSquare], options);
      }
  }

  private *entries() {
    for (const kind of KINDS)
      for (const [i, variable] of (this.moments[kind] ?? []).entries())
        yield { key: `${kind}.${this.groups[i].name}`, buffer: { ...this.groups[i].parameter, variable } };
  }

  stateDict(): StateDict {
    const state: StateDict = new Map([...this.entries()].map(({ key, buffer }) => [key, toState(buffer)]));
    state.set('steps', { shape: [this.steps.length], dtype: 'int32', data: this.steps.slice() });
    return state;
  }

  loadStateDict(state: StateDict): void {
    const entries = [...this.entries()];
    const known = new Set(['steps', ...entries.map(({ key }) => key)]);
    const unknown = [...state.keys()].filter((name) => !known.has(name));
    const missing = [...known].filter((name) => !state.has(name));
    if (unknown.length + missing.length > 0)
      throw new DetLabError(
        'Cannot restore the optimizer: the checkpoint trained other parameters than this model trains, or with another ' +
          `optimizer. Only in the checkpoint: ${list(unknown)}. Only in the model: ${list(missing)}. ` +
          "Freeze the same parts as before, or start a new run from the checkpoint's weights",
      );
    for (const { key, buffer } of entries) {
      const tensor = state.get(key)!;
      const expected = torchShape(buffer);
      if (tensor.shape.join() !== expected.join())
        throw new DetLabError(
          `Cannot restore the optimizer: "${key}" expected shape [${expected}], received [${tensor.shape}]`,
        );
      assignState(buffer, tensor);
    }
    this.steps.set(state.get('steps')!.data);
  }

  dispose(): void {
    for (const kind of KINDS) for (const variable of this.moments[kind] ?? []) variable.dispose();
  }
}

/** AMSGrad (Reddi et al., ICLR 2018): divides by the maximum of the mean squares so far. */
function amsgradStep(
  parameter: tf.Variable,
  gradient: tf.Tensor,
  [mean, meanSquare, maxSquare]: tf.Variable[],
  o: { lr: number; betas: [number, number]; epsilon: number; weightDecay: number; step: number },
): void {
  const [beta1, beta2] = o.betas;
  mean.assign(tf.add(tf.mul(mean, beta1), tf.mul(gradient, 1 - beta1)));
  meanSquare.assign(tf.add(tf.mul(meanSquare, beta2), tf.mul(tf.square(gradient), 1 - beta2)));
  maxSquare.assign(tf.maximum(maxSquare, meanSquare));
  const divisor = tf.add(tf.div(tf.sqrt(maxSquare), Math.sqrt(1 - beta2 ** o.step)), o.epsilon);
  const shift = tf.mul(tf.div(mean, divisor), o.lr / (1 - beta1 ** o.step));
  parameter.assign(tf.sub(tf.mul(parameter, 1 - o.lr * o.weightDecay), shift));
}

const list = (names: string[]) =>
  names.length === 0
    ? 'none'
    : `${names.slice(0, 3).join(', ')}${names.length > 3 ? ` and ${names.length - 3} more` : ''}`;
