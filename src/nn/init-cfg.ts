// mmengine's `init_cfg`: which initialiser the layers of a module start from, by layer type and by name (`override`).
// `Pretrained` names a checkpoint; it is read by whoever builds the whole model.

import { z } from 'zod';
import { DetLabError } from '../errors';
import { constant, type Initializer, kaiming, normal, truncatedNormal, uniform, xavier } from './initializers';
import type { Module } from './module';

const shared = {
  layer: z
    .union([z.string(), z.array(z.string())])
    .optional()
    .describe('Layer types it applies to (`Conv2d`)'),
  bias: z.number().default(0).describe('What biases start from'),
  bias_prob: z.number().gt(0).lt(1).optional().describe('Bias such that its sigmoid is this probability'),
};
const distribution = z.enum(['uniform', 'normal']).default('normal').describe('Kind of random numbers');

const recipes = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('Constant'), val: z.number().describe('The value'), ...shared }),
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
    std: z.number().default(1).describe('Standard deviation before cutting'),
    a: z.number().default(-2).describe('Least value'),
    b: z.number().default(2).describe('Largest value'),
    ...shared,
  }),
  z.strictObject({
    type: z.literal('Uniform'),
    a: z.number().default(0).describe('Least value'),
    b: z.number().default(1).describe('Largest value'),
    ...shared,
  }),
  z.strictObject({
    type: z.literal('Kaiming'),
    a: z.number().default(0).describe('Slope of the leaky ReLU behind the layer'),
    mode: z.enum(['fan_in', 'fan_out']).default('fan_out').describe('Which side keeps its variance'),
    nonlinearity: z.enum(['relu', 'leaky_relu']).default('relu').describe('Activation behind the layer'),
    distribution,
    ...shared,
  }),
  z.strictObject({ type: z.literal('Caffe2Xavier'), ...shared }),
  z.strictObject({
    type: z.literal('Pretrained'),
    checkpoint: z.string().describe('File or model name'),
    prefix: z.string().optional().describe('Only the part of the checkpoint under this name'),
    map_location: z.string().nullish().describe('Accepted and without effect'),
  }),
]);
type Recipe = z.input<typeof recipes>;
type Override = { name: string } & (Recipe | { type?: undefined });
export type InitCfg = Recipe & { override?: Override | Override[] };

const isRecord = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null;

/** One init_cfg; its `override` entries may leave out `type` and then repeat the outer recipe. */
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
 * Sets the initialisers of the layers under `module`; `initWeights` then draws from them. Parts in `ownStart` keep theirs:
 * mmengine lets a ConvModule that is itself a child of the module initialise itself again, after the module's init_cfg.
 */
export function applyInitCfg(
  module: Module,
  config: InitCfg | InitCfg[] | null | undefined,
  ownStart: readonly (Module | undefined)[] = [],
): void {
  const kept = ownStart.flatMap((part) => [...(part?.named() ?? [])].map(([, p]) => [p, p.initializer] as const));
  apply(module, config);
  for (const [parameter, initializer] of kept) parameter.initializer = initializer;
}

function apply(module: Module, config: InitCfg | InitCfg[] | null | undefined): void {
  for (const { override, ...recipe } of config ? [config].flat() : []) {
    const layers = 'layer' in recipe && recipe.layer ? [recipe.layer].flat() : [];
    if (layers.length > 0)
      for (const [, part] of module.modules()) if (layerNames(part).some((n) => layers.includes(n))) set(part, recipe);
    for (const { name, ...own } of override ? [override].flat() : []) {
      const targets = [...module.children()].filter(([child]) => child === name || child.startsWith(`${name}.`));
      if (targets.length === 0)
        throw new DetLabError(
          `Cannot initialise "${name}": init_cfg.override names no part of this module. Its parts are ` +
            `${[...module.children()].map(([child]) => `"${child}"`).join(', ')}`,
        );
      for (const [, target] of targets)
        for (const [, part] of target.modules()) set(part, own.type === undefined ? recipe : (own as Recipe));
    }
  }
}

/** The checkpoint an init_cfg asks for, if any. */
export function pretrainedOf(config: InitCfg | InitCfg[] | null | undefined): string | undefined {
  const found = (config ? [config].flat() : []).find((c) => c.type === 'Pretrained');
  return found?.type === 'Pretrained' ? found.checkpoint : undefined;
}

function layerNames(module: Module): readonly string[] {
  return (module as Module & { layerNames?: readonly string[] }).layerNames ?? [];
}

/** The layer's own weight and bias; variance-keeping recipes have no meaning for vectors and leave them. */
function set(layer: Module, recipe: Recipe): void {
  const values = initializers(recipe);
  if (!values) return;
  const needsFan = ['Xavier', 'Kaiming', 'Caffe2Xavier'].includes(recipe.type);
  for (const [name, parameter] of layer.named()) {
    if (name === 'weight' && !(needsFan && parameter.variable.rank < 2)) parameter.initializer = values.weight;
    if (name === 'bias') parameter.initializer = values.bias;
  }
}
