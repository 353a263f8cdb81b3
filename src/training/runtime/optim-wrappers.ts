// Options of `optim_wrapper`, in float32 (OptimWrapper) and in mixed precision (AmpOptimWrapper), for the class OptimWrapper of
// optim-wrapper.ts.

import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { type AnyDefinition, defineModule, moduleOption } from '../../catalogue/registry';
import { type ParamwiseOptions, paramwiseOptions } from '../parameter-groups';

const clipOptions = z.strictObject({
  max_norm: z.number().positive().describe('Maximum of the joint L2 norm of all gradients'),
  norm_type: z.literal(2).default(2).describe('Only 2, the L2 norm'),
  error_if_nonfinite: ignoredOption('a norm that is not finite stops the run', { schema: z.boolean().default(true) }),
});

const options = z.strictObject({
  optimizer: moduleOption('optimizer').describe('Optimizer'),
  clip_grad: clipOptions.nullish().describe('Gradient clipping'),
  accumulative_counts: z
    .int()
    .positive()
    .default(1)
    .describe('Iterations whose gradients are accumulated for one step'),
  paramwise_cfg: paramwiseOptions.nullish().describe('Multipliers of learning rate and weight decay by parameter'),
  constructor: z
    .unknown()
    .optional()
    .describe(
      'DefaultOptimWrapperConstructor applies paramwise_cfg; with YOLOv5OptimizerConstructor only weights decay; ' +
        'with LearningRateDecayOptimizerConstructor rates fall from the head to the first layer of the backbone',
    ),
});
/** Of torch's GradScaler. */
const scaleOptions = z.strictObject({
  init_scale: z.number().positive().optional().describe('First factor; 65536 when left out'),
  growth_factor: z.number().gt(1).optional().describe('By which it grows; 2 when left out'),
  backoff_factor: z
    .number()
    .gt(0)
    .lt(1)
    .optional()
    .describe('By which it is lowered at an overflow; 0.5 when left out'),
  growth_interval: z.int().positive().optional().describe('Good steps after which it grows; 2000 when left out'),
  enabled: z.boolean().optional().describe('False: the loss is not scaled'),
});
const amp = options.extend({
  dtype: z.enum(['float16', 'bfloat16']).nullish().describe('Low precision; bfloat16 when absent'),
  loss_scale: z
    .union([z.literal('dynamic'), z.number().positive(), scaleOptions])
    .default('dynamic')
    .describe("float16 only: factor on the loss, 'dynamic', a constant, or the options of torch's GradScaler"),
  use_fsdp: z.literal(false).default(false).describe('Only false'),
});
/** The options of either. */
export type OptimWrapperOptions = z.output<typeof options> & Partial<z.output<typeof amp>> & { mixed: boolean };

const CONSTRUCTORS: Record<string, 'rules' | 'YOLO' | 'layers'> = {
  DefaultOptimWrapperConstructor: 'rules',
  YOLOv5OptimizerConstructor: 'YOLO',
  YOLOv7OptimWrapperConstructor: 'YOLO', // the same, but for parts that YOLOv7 alone has
  LearningRateDecayOptimizerConstructor: 'layers',
  LearningRateDecayOptimWrapperConstructor: 'layers',
};

const bare = (name: string): string => name.slice(name.lastIndexOf('.') + 1);

/** How a constructor makes parameter groups. */
export const constructorKind = (named: unknown) =>
  (typeof named === 'string' ? CONSTRUCTORS[bare(named)] : undefined) ?? 'rules';

/** Every object has a `constructor`, which is a function; one named in the config is a string. */
const isKnownConstructor = (given: { constructor?: unknown }): boolean => {
  const named = given?.constructor;
  return typeof named !== 'string' || bare(named) in CONSTRUCTORS;
};
const unknownConstructor = {
  path: ['constructor'],
  // reported together with other problems
  when: () => true,
  message: `expected ${Object.keys(CONSTRUCTORS)
    .map((name) => `"${name}"`)
    .join(' or ')}; multipliers go into paramwise_cfg`,
};

/** What the constructors by layers cannot do without. */
const withoutLayers = (given: { constructor?: unknown; paramwise_cfg?: Partial<ParamwiseOptions> | null }): boolean => {
  const { constructor: named, paramwise_cfg: paramwise } = given;
  if (constructorKind(named) !== 'layers') return true;
  return String(named).endsWith('OptimizerConstructor')
    ? paramwise?.decay_rate !== undefined && paramwise.num_layers !== undefined
    : paramwise?.layer_decay_rate !== undefined;
};
const layersMessage = {
  path: ['paramwise_cfg'],
  message:
    'expected num_layers and decay_rate for LearningRateDecayOptimizerConstructor, layer_decay_rate for ' +
    'LearningRateDecayOptimWrapperConstructor',
};

const shapes = "gradients of an iteration -> the next weights of the model's parameters";

export const FloatOptimWrapper = defineModule({
  kind: 'optim_wrapper',
  type: 'OptimWrapper',
  summary: 'An optimizer with gradient clipping, accumulation and multipliers by parameter, in float32',
  origin: 'mmengine',
  shapes,
  example: "{ type: 'OptimWrapper', optimizer: { type: 'SGD', lr: 0.02, momentum: 0.9, weight_decay: 0.0001 } }",
  options: options.refine(isKnownConstructor, unknownConstructor).refine(withoutLayers, layersMessage),
  build: (given): OptimWrapperOptions => ({ ...given, mixed: false }),
});

export const AmpOptimWrapper = defineModule({
  kind: 'optim_wrapper',
  type: 'AmpOptimWrapper',
  summary:
    'OptimWrapper in mixed precision: bfloat16 (for memory only on processors without instructions for it), or float16 with a scaled loss',
  paper: 'Micikevicius et al., Mixed Precision Training, ICLR 2018',
  shapes,
  example: "{ type: 'AmpOptimWrapper', dtype: 'bfloat16', optimizer: { type: 'SGD', lr: 0.02, momentum: 0.9 } }",
  options: amp.refine(isKnownConstructor, unknownConstructor).refine(withoutLayers, layersMessage),
  build: (given): OptimWrapperOptions => ({ ...given, mixed: true }),
});

export const optimWrappers = [FloatOptimWrapper, AmpOptimWrapper] as const satisfies readonly AnyDefinition[];

declare module '../../catalogue/registry' {
  interface Built {
    optim_wrapper: OptimWrapperOptions;
  }
}
