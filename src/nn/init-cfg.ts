// mmengine's `init_cfg`: initialisers of the layers of a module, by layer type and by name (`override`). `Pretrained` names a
// checkpoint, which is loaded when the whole model is built.

import { z } from 'zod';
import { anyValue, ignoredOption } from '../catalogue/ignored-option';
import { DetLabError } from '../errors';
import { constant, type Initializer, kaiming, normal, truncatedNormal, uniform, xavier } from './initializers';
import type { Module } from './module';

const shared = {
  layer: z
    .union([z.string(), z.array(z.string())])
    .optional()
    .describe('Layer types to initialise (`Conv2d`)'),
  bias: z.number().default(0).describe('Value of biases'),
  bias_prob: z.number().gt(0).lt(1).optional().describe('Prior probability: biases are set to its logit'),
};
const distribution = z.enum(['uniform', 'normal']).default('normal').describe('Distribution of weights');

const recipes = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('Constant'), val: z.number().describe('Value of weights'), ...shared }),
  z.strictObject({
    type: z.literal('Xavier'),
    gain: z.number().default(1).describe('Factor'),
    distribution,
    ...shared,
  }),
  z.strictObject({
    type: z.literal('Normal'),
    mean: z.number().default(0).describe('Mean'),
    std: z.number().default(1).describe('Standard deviation'),
    ...shared,
  }),
  z.strictObject({
    type: z.literal('TruncNormal'),
    mean: z.number().default(0).describe('Mean'),
    std: z.number().default(1).describe('Standard deviation before truncation'),
    a: z.number().default(-2).describe('Lower bound'),
    b: z.number().default(2).describe('Upper bound'),
    ...shared,
  }),
  z.strictObject({
    type: z.literal('Uniform'),
    a: z.number().default(0).describe('Lower bound'),
    b: z.number().default(1).describe('Upper bound'),
    ...shared,
  }),
  z.strictObject({
    type: z.literal('Kaiming'),
    a: z.number().default(0).describe('Negative slope of the leaky ReLU after the layer'),
    mode: z.enum(['fan_in', 'fan_out']).default('fan_out').describe('Which side keeps its variance'),
    nonlinearity: z.enum(['relu', 'leaky_relu']).default('relu').describe('Activation after the layer'),
    distribution,
    ...shared,
  }),
  z.strictObject({ type: z.literal('Caffe2Xavier'), ...shared }),
  z.strictObject({
    type: z.literal('Pretrained'),
    checkpoint: z.string().describe('File, or name of a model'),
    prefix: z.string().optional().describe('Prefix of the names in the checkpoint'),
    map_location: ignoredOption('weights are read to where the model is', {
      schema: z.string().nullish(),
      harmless: anyValue,
    }),
  }),
]);
type Recipe = z.input<typeof recipes>;
type Override = { name: string } & (Recipe | { type?: undefined });
/** Config of an initialisation, `init_cfg` of MMDetection. */
export type InitCfg = Recipe & { override?: Override | Override[] };

const isRecord = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null;

/** One init_cfg; an `override` without `type` repeats the outer one. */
const entry = z
  .custom<InitCfg>(isRecord, 'expected an object with a type')
  .superRefine((value, context) => {
    const { override, ...recipe } = value as Record<string, unknown>;
    const problem = (issue: z.core.$ZodIssue, path: PropertyKey[]) =>
      context.addIssue({ code: 'custom', message: issue.message, path: [...path, ...issue.path] });
    for (const issue of recipes.safeParse(recipe).error?.issues ?? []) problem(issue, []);
    for (const one of override === undefined ? [] : [override].flat()) {
      const { name, ...rest } = isRecord(one) ? one : {};
      if (typeof name !== 'string')
        context.addIssue({
          code: 'custom',
          message: 'expected the name of a child module',
          path: ['override', 'name'],
        });
      if (isRecord(one) && 'type' in one)
        for (const issue of recipes.safeParse(rest).error?.issues ?? []) problem(issue, ['override']);
    }
  })
  .meta({ typeText: `{ type: ${recipes.options.map((o) => `'${o.shape.type.value}'`).join(' | ')}, ... }` });

/** The schema of `init_cfg`, one entry or a list. */
export const initCfg = z.union([entry, z.array(entry)]);

function initializers(recipe: Recipe): { weight: Initializer; bias: Initializer } | undefined {
  const r = recipes.parse(recipe);
  if (r.type === 'Pretrained') return undefined;
  const bias = constant(r.bias_prob === undefined ? r.bias : -Math.log((1 - r.bias_prob) / r.bias_prob));
  switch (r.type) {
    case 'Constant':
      return { weight: constant(r.val), bias };
    case 'Xavier':
      return { weight: xavier(r), bias };
    case 'Normal':
      return { weight: normal(r.std, r.mean), bias };
    case 'TruncNormal':
      return { weight: truncatedNormal(r.std, r), bias };
    case 'Uniform':
      return { weight: uniform(r.a, r.b), bias };
    case 'Kaiming':
      return { weight: kaiming(r), bias };
    case 'Caffe2Xavier':
      return { weight: kaiming({ a: 1, mode: 'fan_in', distribution: 'uniform', nonlinearity: 'leaky_relu' }), bias };
  }
}

/**
 * Sets the initialisers of the layers of `module`; `initWeights` then draws from them. Modules in `selfInitialized` keep
 * theirs: in mmengine a ConvModule that is a direct child initialises itself again after the module's init_cfg.
 */
export function applyInitCfg(
  module: Module,
  config: InitCfg | InitCfg[] | null | undefined,
  selfInitialized: readonly (Module | undefined)[] = [],
): void {
  const kept = selfInitialized.flatMap((part) =>
    [...(part?.named() ?? [])].map(([, p]) => [p, p.initializer] as const),
  );
  apply(module, config);
  for (const [parameter, initializer] of kept) parameter.initializer = initializer;
}

function apply(module: Module, config: InitCfg | InitCfg[] | null | undefined): void {
  for (const { override, ...recipe } of config ? [config].flat() : []) {
    const layers = 'layer' in recipe && recipe.layer ? [recipe.layer].flat() : [];
    if (layers.length > 0)
      for (const [, part] of module.modules()) if (layerNames(part).some((n) => layers.includes(n))) set(part, recipe);
    for (const { name, ...overriding } of override ? [override].flat() : []) {
      const targets = [...module.children()].filter(([child]) => child === name || child.startsWith(`${name}.`));
      if (targets.length === 0)
        throw new DetLabError(
          `Cannot initialise "${name}": init_cfg.override names no child of this module. Children: ` +
            `${[...module.children()].map(([child]) => `"${child}"`).join(', ')}`,
        );
      for (const [, target] of targets)
        for (const [, part] of target.modules())
          set(part, overriding.type === undefined ? recipe : (overriding as Recipe));
    }
  }
}

/** The checkpoint of an init_cfg, if any. */
export function pretrainedOf(config: InitCfg | InitCfg[] | null | undefined): string | undefined {
  const pretrained = (config ? [config].flat() : []).find((c) => c.type === 'Pretrained');
  return pretrained?.type === 'Pretrained' ? pretrained.checkpoint : undefined;
}

function layerNames(module: Module): readonly string[] {
  return (module as Module & { layerNames?: readonly string[] }).layerNames ?? [];
}

/** Sets the initialisers of a layer's weight and bias; fan-based ones do not apply to vectors. */
function set(layer: Module, recipe: Recipe): void {
  const values = initializers(recipe);
  if (!values) return;
  const needsFan = ['Xavier', 'Kaiming', 'Caffe2Xavier'].includes(recipe.type);
  for (const [name, parameter] of layer.named()) {
    if (name === 'weight' && !(needsFan && parameter.variable.rank < 2)) parameter.initializer = values.weight;
    if (name === 'bias') parameter.initializer = values.bias;
  }
}
