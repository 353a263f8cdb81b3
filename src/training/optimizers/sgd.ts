// SGD with momentum, PyTorch's formula: d = g + wd * p; buf = m * buf + (1 - dampening) * d; p -= lr * (nesterov ? d + m * buf : buf).
// The update itself is one fused call of the engine for all parameters that share their rates.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { engine } from '../../engine';
import { DetLabError } from '../../errors';
import { assignState, type StateDict, torchShape, toState } from '../../nn/module';
import type { ParameterGroup } from '../parameter-groups';
import type { Optimizer, OptimizerPlan } from './optimizer';
import { torchOptions } from './torch-options';

export const SGD = defineModule({
  kind: 'optimizer',
  type: 'SGD',
  summary: 'Stochastic gradient descent with momentum and weight decay',
  origin: 'PyTorch',
  shapes: 'gradients of the parameters -> their next values',
  example: "{ type: 'SGD', lr: 0.02, momentum: 0.9, weight_decay: 0.0001 }",
  options: z
    .strictObject({
      lr: z.number().nonnegative().describe('Learning rate'),
      momentum: z.number().nonnegative().default(0).describe('Momentum factor'),
      dampening: z.number().default(0).describe('Dampening of the momentum'),
      weight_decay: z.number().nonnegative().default(0).describe('L2 penalty, added to the gradient'),
      batch_size_per_gpu: z
        .int()
        .positive()
        .optional()
        .describe('Images per step, by which YOLOv5OptimizerConstructor scales the weight decay'),
      nesterov: z.boolean().default(false).describe('Nesterov momentum'),
      ...torchOptions,
    })
    .refine((o) => !o.nesterov || (o.momentum > 0 && o.dampening === 0), {
      message: 'nesterov expects a momentum above 0 and a dampening of 0',
    }),
  build: (o): OptimizerPlan => ({
    lr: o.lr,
    weightDecay: o.weight_decay,
    momentum: o.momentum,
    create: (groups) => new Sgd(groups, o),
  }),
});

interface SgdSettings {
  momentum: number;
  dampening: number;
  nesterov: boolean;
}

class Sgd implements Optimizer {
  private readonly buffers: tf.Variable[];
  /** By parameter: PyTorch's first step of each puts the whole gradient in the buffer, undamped. */
  private readonly started: boolean[];

  constructor(
    readonly groups: ParameterGroup[],
    private readonly settings: SgdSettings,
  ) {
    this.buffers = groups.map((g) => tf.tidy(() => tf.variable(tf.zeros(g.parameter.variable.shape), false)));
    this.started = groups.map(() => false);
  }

  step(gradients: readonly (tf.Tensor | undefined)[]): void {
    const { nesterov } = this.settings;
    const batches = new Map<string, number[]>();
    const firsts = new Set([...this.groups.keys()].filter((i) => !this.started[i]));
    for (const [i, group] of this.groups.entries()) {
      if (!gradients[i]) continue;
      // apart only where it makes a difference
      const first = this.settings.dampening !== 0 && firsts.has(i);
      const key = `${group.lr} ${group.weightDecay} ${group.momentum} ${first}`;
      this.started[i] = true;
      const batch = batches.get(key);
      if (batch) batch.push(i);
      else batches.set(key, [i]);
    }
    for (const batch of batches.values()) {
      const { lr, weightDecay, momentum = this.settings.momentum } = this.groups[batch[0]];
      const dampening = firsts.has(batch[0]) ? 0 : this.settings.dampening;
      engine().sgdStep(
        batch.map((i) => this.groups[i].parameter.variable),
        batch.map((i) => gradients[i]!),
        batch.map((i) => this.buffers[i]),
        { lr, momentum, weightDecay, dampening, nesterov },
      );
    }
  }

  private entries() {
    return this.groups.map((g, i) => ({ name: g.name, buffer: { ...g.parameter, variable: this.buffers[i] } }));
  }

  stateDict(): StateDict {
    const state: StateDict = new Map(this.entries().map(({ name, buffer }) => [`momentum.${name}`, toState(buffer)]));
    const data = Int32Array.from(this.started, Number);
    state.set('started', { shape: [data.length], dtype: 'int32', data });
    return state;
  }

  loadStateDict(state: StateDict): void {
    const entries = this.entries();
    const known = new Set(['started', ...entries.map(({ name }) => `momentum.${name}`)]);
    const unknown = [...state.keys()].filter((name) => !known.has(name));
    const missing = [...known].filter((name) => !state.has(name));
    if (unknown.length + missing.length > 0)
      throw new DetLabError(
        `Cannot restore the optimizer: the checkpoint trained other parameters than this model trains. ` +
          `Only in the checkpoint: ${list(unknown)}. Only in the model: ${list(missing)}. ` +
          `Freeze the same parts as before, or start a new run from the checkpoint's weights`,
      );
    for (const { name, buffer } of entries) {
      const tensor = state.get(`momentum.${name}`)!;
      const expected = torchShape(buffer);
      if (tensor.shape.join() !== expected.join())
        throw new DetLabError(
          `Cannot restore the optimizer: momentum of "${name}" expected shape [${expected}], received [${tensor.shape}]`,
        );
      assignState(buffer, tensor);
    }
    // one flag for all of them in older checkpoints
    const flags = state.get('started')!.data;
    for (const i of this.started.keys()) this.started[i] = (flags.length === 1 ? flags[0] : flags[i]) === 1;
  }

  dispose(): void {
    for (const buffer of this.buffers) buffer.dispose();
  }
}

const list = (names: string[]) =>
  names.length === 0
    ? 'none'
    : `${names.slice(0, 3).join(', ')}${names.length > 3 ? ` and ${names.length - 3} more` : ''}`;
