// What `optim_wrapper` may say, in float32 (OptimWrapper) and in mixed precision (AmpOptimWrapper). `OptimWrapper` of
// optim-wrapper.ts does it.

import { z } from 'zod';
import { type AnyDefinition, defineModule, moduleOption } from '../../catalogue/registry';
import { paramwiseOptions } from '../parameter-groups';

const clipOptions = z.strictObject({
  max_norm: z.number().positive().describe('largest joint L2 norm of all gradients'),
  norm_type: z.literal(2).default(2).describe('only the L2 norm'),
  error_if_nonfinite: z.boolean().default(true).describe('unused: a non-finite norm always stops the run'),
});

const options = z.strictObject({
  optimizer: moduleOption('optimizer').describe('the optimizer'),
  clip_grad: clipOptions.nullish().describe('gradient clipping'),
  accumulative_counts: z.int().positive().default(1).describe('iterations whose gradients are summed into one step'),
  paramwise_cfg: paramwiseOptions.nullish().describe('multipliers by parameter'),
  constructor: z
    .unknown()
    .optional()
    .describe(
      'DefaultOptimWrapperConstructor: how paramwise_cfg is read; YOLOv5OptimizerConstructor: weights alone decay',
    ),
});
const amp = options.extend({
  dtype: z.enum(['float16', 'bfloat16']).nullish().describe('low precision; bfloat16 when absent'),
  loss_scale: z
    .union([z.literal('dynamic'), z.number().positive()])
    .default('dynamic')
    .describe('float16 only: the factor on the loss'),
  use_fsdp: z.literal(false).default(false).describe('only false'),
});
/** The options of either. */
export type OptimWrapperOptions = z.output<typeof options> & Partial<z.output<typeof amp>> & { mixed: boolean };

const CONSTRUCTORS = ['DefaultOptimWrapperConstructor', 'YOLOv5OptimizerConstructor'];

/** Every object has a `constructor`, which is a function; one that the config names is a string. */
const usual = (given: { constructor?: unknown }): boolean => {
  const named = given?.constructor;
  return typeof named !== 'string' || CONSTRUCTORS.includes(named);
};
const unusual = {
  path: ['constructor'],
  // told beside what else is wrong
  when: () => true,
  message: `expected ${CONSTRUCTORS.map((name) => `"${name}"`).join(' or ')}; multipliers go into paramwise_cfg`,
};

const shapes = "gradients of an iteration -> the next weights of the model's parameters";

export const FloatOptimWrapper = defineModule({
  kind: 'optim_wrapper',
  type: 'OptimWrapper',
  summary: 'An optimizer with gradient clipping, accumulation and multipliers by parameter, in float32',
  origin: 'mmengine',
  shapes,
  example: "{ type: 'OptimWrapper', optimizer: { type: 'SGD', lr: 0.02, momentum: 0.9, weight_decay: 0.0001 } }",
  options: options.refine(usual, unusual),
  build: (given): OptimWrapperOptions => ({ ...given, mixed: false }),
});

export const AmpOptimWrapper = defineModule({
  kind: 'optim_wrapper',
  type: 'AmpOptimWrapper',
  summary:
    'The same in mixed precision: bfloat16 (on processors without instructions for it in memory only), or float16 with a scaled loss',
  paper: 'Micikevicius et al., Mixed Precision Training, ICLR 2018',
  shapes,
  example: "{ type: 'AmpOptimWrapper', dtype: 'bfloat16', optimizer: { type: 'SGD', lr: 0.02, momentum: 0.9 } }",
  options: amp.refine(usual, unusual),
  build: (given): OptimWrapperOptions => ({ ...given, mixed: true }),
});

export const optimWrappers = [FloatOptimWrapper, AmpOptimWrapper] as const satisfies readonly AnyDefinition[];

declare module '../../catalogue/registry' {
  interface Built {
    optim_wrapper: OptimWrapperOptions;
  }
}
