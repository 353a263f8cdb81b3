import { expect, test } from 'vitest';
import { z } from 'zod';
import { checkModel } from '../../src/catalogue/check-model';
import {
  type BuildContext,
  configOf,
  defineModule,
  type ModuleConfig,
  moduleOption,
  Registry,
} from '../../src/catalogue/registry';

const loss = defineModule({
  kind: 'loss',
  type: 'L1Loss',
  summary: 'mean absolute difference',
  example: "{ type: 'L1Loss' }",
  options: z.strictObject({ loss_weight: z.number().positive().default(1).describe('factor') }),
  build: (o) => ({ weight: o.loss_weight }) as never,
});
const neck = defineModule({
  kind: 'neck',
  type: 'FPN',
  summary: 'pyramid',
  example: "{ type: 'FPN', num_outs: 5 }",
  inferred: { in_channels: "the backbone's channels" },
  options: z.strictObject({
    in_channels: z.array(z.int().positive()).optional().describe('channels of each level'),
    num_outs: z.int().positive().describe('levels'),
    mode: z.enum(['nearest', 'bilinear']).default('nearest').describe('interpolation'),
    norm_cfg: z
      .discriminatedUnion('type', [
        z.strictObject({ type: z.literal('BN'), eps: z.number().default(1e-5) }),
        z.strictObject({ type: z.literal('GN'), num_groups: z.int().positive() }),
      ])
      .nullable()
      .default(null)
      .describe('norm'),
    scale: z
      .union([z.int(), z.tuple([z.int(), z.int()])])
      .default(1)
      .describe('scale'),
  }),
  infer: (o, context) => ({ ...o, in_channels: o.in_channels ?? context.inputs?.map((level) => level.channels) }),
  build: (o, context) => ({ options: o, path: context.path }) as never,
});
const head = defineModule({
  kind: 'roi_head',
  type: 'Head',
  summary: 'a head',
  example: "{ type: 'Head' }",
  options: z.strictObject({
    loss_cls: moduleOption('loss').default({ type: 'L1Loss' }).describe('loss'),
    losses: z.union([moduleOption('loss'), z.array(moduleOption('loss'))]).nullish(),
    train_cfg: z.strictObject({ by_stage: z.record(z.string(), moduleOption('loss')).optional() }).nullish(),
  }),
  build: (o, c) => c.registry.build('loss', o.loss_cls, { path: `${c.path}.loss_cls` }) as never,
});
const detector = defineModule({
  kind: 'detector',
  type: 'Detector',
  summary: 'a detector',
  example: "{ type: 'Detector' }",
  options: z.strictObject({ neck: moduleOption('neck'), roi_head: moduleOption('roi_head') }),
  build: () => undefined as never,
});
const registry = new Registry([loss, neck, head, detector]);
const check = (config: unknown) => checkModel(config, registry);
const context: Omit<BuildContext, 'registry'> = { path: 'model.neck', inputs: [{ channels: 64, stride: 4 }] };

const message = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('expected an error');
};

test('build fills defaults, then infers from the context', () => {
  expect(registry.build('neck', { type: 'FPN', num_outs: 5 }, context)).toEqual({
    options: { in_channels: [64], num_outs: 5, mode: 'nearest', norm_cfg: null, scale: 1 },
    path: 'model.neck',
  });
});

test('nested modules build through the registry, and a scope before a type may stay', () => {
  expect(registry.build('roi_head', { type: 'mmdet.Head', _scope_: 'mmdet' }, { path: 'h' })).toEqual({ weight: 1 });
});

test('configOf is the config a definition builds from', () => {
  const config = configOf(neck, { num_outs: 2 });
  expect(config).toEqual({ type: 'FPN', num_outs: 2 });
  expect(registry.build('neck', config as unknown as ModuleConfig, context)).toHaveProperty('options.num_outs', 2);
});

test('a second definition of the same kind and type replaces the first', () => {
  const own = new Registry([loss]);
  own.add({ ...loss, build: () => 'mine' });
  expect(own.build('loss', { type: 'L1Loss' }, { path: '' })).toBe('mine');
  expect(own.types('loss')).toEqual(['L1Loss']);
});

test('an unknown type names the nearest, or the kind it really is', () => {
  expect(message(() => registry.build('neck', { type: 'FNP' }, context))).toBe(
    'Cannot find neck "FNP" at model.neck. Did you mean "FPN"? Known: FPN',
  );
  expect(message(() => registry.get('neck', 'L1Loss'))).toContain('"L1Loss" is a loss, not a neck');
  expect(message(() => registry.build('neck', undefined as never, context))).toContain(
    "expected a config { type: '...' }, received undefined",
  );
});

test('wrong options are told all at once: path, expected, received, nearest name', () => {
  const options = { type: 'FPN', num_out: 5, mode: 'nearst', in_channels: [64, 'a'], scale: [1, 2, 3] };
  expect(message(() => registry.build('neck', options, context)).split('\n')).toEqual([
    'Cannot use neck "FPN":',
    '  model.neck.in_channels.1: expected int > 0, received the string "a"',
    '  model.neck.num_outs: missing; expected int > 0',
    `  model.neck.mode: expected 'nearest' | 'bilinear', received the string "nearst". Did you mean "nearest"?`,
    '  model.neck.scale: expected [int, int], received a list of 3',
    '  model.neck: unknown option "num_out". Did you mean "num_outs"?',
    "  describe('FPN') lists its options",
  ]);
});

test('in a choice of configs, the one of the given type is explained', () => {
  const wrong = (norm_cfg: unknown) =>
    message(() => registry.build('neck', { type: 'FPN', num_outs: 1, norm_cfg }, context)).split('\n')[1];
  expect(wrong({ type: 'GN', num_group: 3 })).toBe('  model.neck.norm_cfg.num_groups: missing; expected int > 0');
  expect(wrong({ type: 'BM' })).toBe(
    `  model.neck.norm_cfg.type: expected 'BN' | 'GN', received the string "BM". Did you mean "BN"?`,
  );
  expect(wrong('BN')).toBe(
    `  model.neck.norm_cfg: expected { type: 'BN' | 'GN', ... } | null, received the string "BN"`,
  );
});

test('check finds every problem of a whole model, however deep, before anything is built', () => {
  const config = {
    type: 'Detector',
    neck: { type: 'FNP' },
    roi_head: {
      type: 'Head',
      loss_cls: { type: 'L1Loss', loss_wieght: 2 },
      losses: [{ type: 'L1Loss', loss_weight: -1 }, { type: 'GIoULoss' }, 7],
      train_cfg: { by_stage: { rpn: { type: 'L1Los' } }, rpm: {} },
    },
    nek: 1,
  };
  expect(message(() => check(config)).split('\n')).toEqual([
    'Cannot build the detector: 8 problems in its config.',
    '  model: unknown option "nek". Did you mean "neck"?',
    '  model.neck: unknown neck "FNP". Did you mean "FPN"? Known: FPN',
    '  model.roi_head.train_cfg: unknown option "rpm". Known: by_stage',
    '  model.roi_head.loss_cls: unknown option "loss_wieght". Did you mean "loss_weight"?',
    '  model.roi_head.losses.0.loss_weight: expected number > 0, received the number -1',
    '  model.roi_head.losses.1: loss "GIoULoss" of MMDetection 3.3.0 is not implemented. Known: L1Loss',
    `  model.roi_head.losses.2: expected a loss config { type: '...' }, received the number 7`,
    '  model.roi_head.train_cfg.by_stage.rpn: unknown loss "L1Los". Did you mean "L1Loss"? Known: L1Loss',
  ]);
});

test('check accepts a right model and says what is missing of none at all', () => {
  expect(() =>
    check({ type: 'Detector', neck: { type: 'FPN', num_outs: 5 }, roi_head: { type: 'Head' } }),
  ).not.toThrow();
  expect(message(() => check({ type: 'Detector', roi_head: { type: 'Head' } }))).toContain(
    'model.neck: missing; expected neck config',
  );
  expect(message(() => check(null))).toContain("model: expected a detector config { type: '...' }, received null");
});
