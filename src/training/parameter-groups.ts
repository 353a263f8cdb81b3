// One group per parameter, each with a learning rate and weight decay: mmengine's DefaultOptimWrapperConstructor and its
// `paramwise_cfg`. `custom_keys` overrides every other multiplier (the longest matching key wins).

import { z } from 'zod';
import { anyValue, ignoredOption } from '../catalogue/ignored-option';
import { roundHalfEven } from '../geometry/round-half-even';
import { Conv2d, DeformConv2dPack, ModulatedDeformConv2dPack, type Module, type Parameter, torchShape } from '../nn';
import type { RatedGroup } from './learning-rates';

const multiplier = (text: string) => z.number().nullish().describe(text);

export const paramwiseOptions = z.strictObject({
  custom_keys: z
    .record(z.string(), z.strictObject({ lr_mult: z.number().optional(), decay_mult: z.number().optional() }))
    .default({})
    .describe('Multipliers of parameters whose name contains the key; the longest key wins'),
  bias_lr_mult: multiplier('Learning-rate multiplier of biases, except in norm layers and offset branches'),
  bias_decay_mult: multiplier(
    'Weight-decay multiplier of biases, except in offset branches; in norm layers norm_decay_mult wins',
  ),
  norm_decay_mult: multiplier('Weight-decay multiplier of norm layers'),
  dwconv_decay_mult: multiplier('Weight-decay multiplier of depthwise convolutions'),
  flat_decay_mult: multiplier('Weight-decay multiplier of other parameters with one dimension'),
  dcn_offset_lr_mult: multiplier('Learning-rate multiplier of the offset branches of deformable convolutions'),
  bypass_duplicate: ignoredOption('a shared parameter is one parameter', {
    schema: z.boolean().default(false),
    harmless: anyValue,
  }),
  num_layers: z
    .int()
    .positive()
    .optional()
    .describe('LearningRateDecayOptimizerConstructor: layers of the backbone, 6 of ConvNeXt-T, 12 of the larger'),
  decay_rate: z
    .number()
    .positive()
    .optional()
    .describe('LearningRateDecayOptimizerConstructor: factor of the rate from a layer to the one before it'),
  decay_type: z
    .enum(['layer_wise', 'stage_wise'])
    .optional()
    .describe("LearningRateDecayOptimizerConstructor: 'layer_wise' when left out"),
  layer_decay_rate: z
    .number()
    .positive()
    .optional()
    .describe(
      'LearningRateDecayOptimWrapperConstructor (MMPretrain): factor of the rate from a layer to the one before it',
    ),
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

/** The module a parameter belongs to, and the module around that. */
interface Owner {
  module: Module;
  path: string;
  isOffsetBranch: boolean;
}

function ownerOf(path: string, model: Module, modules: ReadonlyMap<string, Module>): Owner {
  const around = modules.get(path.slice(0, Math.max(path.lastIndexOf('.'), 0))) ?? model;
  const isOffsetBranch = around instanceof DeformConv2dPack || around instanceof ModulatedDeformConv2dPack;
  return { module: modules.get(path) ?? model, path, isOffsetBranch };
}

const isDepthwise = (module: Module) =>
  module instanceof Conv2d &&
  !(module instanceof DeformConv2dPack || module instanceof ModulatedDeformConv2dPack) && // none of torch's Conv2d
  module.inChannels === module.groups;

/** Multipliers of a parameter that no custom key names: the first rule that applies, in mmengine's order. */
function ruledMultipliers(leaf: string, parameter: Parameter, owner: Owner, rules: ParamwiseOptions) {
  const { module, path, isOffsetBranch } = owner;
  const norm = isNorm(module, path);
  const isBias = leaf === 'bias' && !isOffsetBranch;
  let lr = isBias && !norm ? (rules.bias_lr_mult ?? 1) : 1;
  if (isOffsetBranch && path.includes('conv_offset') && module instanceof Conv2d) lr = rules.dcn_offset_lr_mult ?? lr;
  const isFlat = torchShape(parameter).length === 1 && !isOffsetBranch;
  const decays = [
    norm ? rules.norm_decay_mult : undefined,
    isBias ? rules.bias_decay_mult : undefined, // without norm_decay_mult also in norm layers, against mmengine's docstring
    isDepthwise(module) ? rules.dwconv_decay_mult : undefined,
    isFlat ? rules.flat_decay_mult : undefined,
  ];
  return { lr, decay: decays.find((decay) => decay != null) ?? 1 };
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
    const [path, leaf] = dot < 0 ? ['', name] : [name.slice(0, dot), name.slice(dot + 1)];
    const key = keys.find((k) => name.includes(k));
    const custom = key === undefined ? undefined : paramwise.custom_keys[key];
    const { lr: lrMult, decay } = custom
      ? { lr: custom.lr_mult ?? 1, decay: custom.decay_mult ?? 1 }
      : ruledMultipliers(leaf, parameter, ownerOf(path, model, modules), paramwise);
    const lr = base.lr * lrMult;
    return { name, parameter, lr, initialLr: lr, weightDecay: base.weightDecay * decay };
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
