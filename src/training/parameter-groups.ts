// One group per parameter, each with a learning rate and weight decay: mmengine's DefaultOptimWrapperConstructor and its
// `paramwise_cfg`. `custom_keys` overrides every other multiplier (the longest matching key wins).

import { z } from 'zod';
import { roundHalfEven } from '../geometry/round-half-even';
import type { Module, Parameter } from '../nn/module';
import type { RatedGroup } from './learning-rates';

export const paramwiseOptions = z.strictObject({
  custom_keys: z
    .record(z.string(), z.strictObject({ lr_mult: z.number().optional(), decay_mult: z.number().optional() }))
    .default({})
    .describe('Multipliers of parameters whose name contains the key; the longest key wins'),
  bias_lr_mult: z.number().optional().describe('Learning-rate multiplier of biases, except in norm layers'),
  bias_decay_mult: z.number().optional().describe('Weight-decay multiplier of biases, except in norm layers'),
  norm_decay_mult: z.number().optional().describe('Weight-decay multiplier of norm layers'),
  dwconv_decay_mult: z.null().optional().describe('Only null'),
  flat_decay_mult: z.null().optional().describe('Only null'),
  dcn_offset_lr_mult: z.null().optional().describe('Only null'),
  bypass_duplicate: z.boolean().default(false).describe('Accepted: a shared parameter is one parameter'),
  base_total_batch_size: z
    .number()
    .positive()
    .optional()
    .describe('YOLOv5OptimizerConstructor: images per step that weight_decay is given for'),
});
export type ParamwiseOptions = z.output<typeof paramwiseOptions>;

export interface ParameterGroup extends RatedGroup {
  name: string;
  parameter: Parameter;
  weightDecay: number;
}

/** Whether a module is a norm layer: it says so, keeps running statistics or has a norm's name (`ln`, `gn`). */
function isNorm(module: Module, path: string): boolean {
  const { layerNames = [] } = module as Module & { layerNames?: readonly string[] };
  if (layerNames.some((name) => /^(LayerNorm|GroupNorm|BatchNorm2d)$/.test(name))) return true;
  for (const [name, parameter] of module.named())
    if (parameter.kind === 'buffer' && !name.includes('.') && name === 'running_mean') return true;
  return /^(bn|gn|ln|in|norm)\d*$/.test(path.split('.').at(-1) ?? '');
}

/** The groups of the trainable parameters of `model` (or of those given), in state-dict order. */
export function parameterGroups(
  model: Module,
  base: { lr: number; weightDecay: number },
  paramwise: ParamwiseOptions = { custom_keys: {}, bypass_duplicate: false },
  parameters: readonly [string, Parameter][] = model.trainable(),
): ParameterGroup[] {
  const modules = new Map(model.modules());
  // longest first, then alphabetical, as mmengine sorts them
  const keys = Object.keys(paramwise.custom_keys)
    .sort()
    .sort((a, b) => b.length - a.length);
  return parameters.map(([name, parameter]) => {
    const dot = name.lastIndexOf('.');
    const [owner, leaf] = dot < 0 ? ['', name] : [name.slice(0, dot), name.slice(dot + 1)];
    const module = modules.get(owner) ?? model;
    let { lr, weightDecay } = base;
    const key = keys.find((k) => name.includes(k));
    if (key !== undefined) {
      lr *= paramwise.custom_keys[key].lr_mult ?? 1;
      weightDecay *= paramwise.custom_keys[key].decay_mult ?? 1;
    } else {
      const norm = isNorm(module, owner);
      if (leaf === 'bias' && !norm) lr *= paramwise.bias_lr_mult ?? 1;
      if (norm) weightDecay *= paramwise.norm_decay_mult ?? 1;
      else if (leaf === 'bias') weightDecay *= paramwise.bias_decay_mult ?? 1;
    }
    return { name, parameter, lr, initialLr: lr, weightDecay };
  });
}

/**
 * MMYOLO's YOLOv5OptimizerConstructor: weights, norms and biases, of which weights alone decay. The decay grows with the
 * images of a step beyond `base_total_batch_size`. Parameters of other names count as norms; MMYOLO leaves them untrained.
 */
export function yolov5Groups(
  model: Module,
  base: { lr: number; weightDecay: number },
  { base_total_batch_size: total = 64 }: Partial<ParamwiseOptions> = {},
  batchSize?: number,
  parameters: readonly [string, Parameter][] = model.trainable(),
): ParameterGroup[] {
  const scale = batchSize === undefined ? 1 : (batchSize * Math.max(roundHalfEven(total / batchSize), 1)) / total;
  const modules = new Map(model.modules());
  return parameters.map(([name, parameter]) => {
    const dot = name.lastIndexOf('.');
    const leaf = name.slice(dot + 1);
    const owner = (dot < 0 ? model : (modules.get(name.slice(0, dot)) ?? model)) as Module & { layerNames?: string[] };
    const batchNorm = owner.layerNames?.includes('_NormBase') === true;
    const role = leaf === 'bias' ? 'bias' : leaf === 'weight' && !batchNorm ? 'weight' : 'norm';
    const weightDecay = role === 'weight' ? base.weightDecay * scale : 0;
    return { name, parameter, lr: base.lr, initialLr: base.lr, weightDecay, role };
  });
}
