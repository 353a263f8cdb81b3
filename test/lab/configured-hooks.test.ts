import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineModule } from '../../src/catalogue/registry';
import type { ConfigObject } from '../../src/config';
import { configuredHooks, type HookSettings } from '../../src/lab/configured-hooks';
import { register } from '../../src/lab/register';
import type { CheckpointHook } from '../../src/training/hooks/checkpoint-hook';
import { LoggerHook } from '../../src/training/hooks/logger-hook';

function hooksOf(config: ConfigObject, settings: Partial<HookSettings> = {}) {
  const notices: string[] = [];
  return { ...configuredHooks(config, { total: 12, configured: 12, ...settings }, notices), notices };
}
const optionsOf = (hook: unknown) => (hook as CheckpointHook).options;

test('default hooks have their places, with and without a config', () => {
  const { defaultHooks, hooks, notices } = hooksOf({});
  expect(Object.values(defaultHooks).map(({ name }) => name)).toEqual([
    'IterTimerHook',
    'LoggerHook',
    'ParamSchedulerHook',
    'CheckpointHook',
  ]);
  expect(defaultHooks.logger).toEqual(new LoggerHook(50));
  expect(optionsOf(defaultHooks.checkpoint)).toEqual({ interval: 1, maxKeep: 1, saveBest: undefined });
  expect([hooks, notices]).toEqual([[], []]);
  const typeless = hooksOf({ default_hooks: { logger: { interval: 7 }, checkpoint: { interval: 3 } } });
  expect(typeless.defaultHooks.logger).toEqual(new LoggerHook(7));
  expect(optionsOf(typeless.defaultHooks.checkpoint)).toMatchObject({ interval: 3 });
});

test('what fit says of logs and checkpoints goes over the config', () => {
  const checkpoint = { type: 'CheckpointHook', interval: 5, max_keep_ckpts: 3, save_best: 'auto', priority: 'LOWEST' };
  const config = { default_hooks: { logger: { type: 'LoggerHook', interval: 100 }, checkpoint } };
  const { defaultHooks } = hooksOf(config, { logInterval: 10, checkpoint: { everyIterations: 20, maxKeep: -1 } });
  expect(defaultHooks.logger).toEqual(new LoggerHook(10));
  expect(defaultHooks.checkpoint.priority).toBe(100);
  expect(optionsOf(defaultHooks.checkpoint)).toEqual({
    interval: 5,
    everyIterations: 20,
    maxKeep: -1,
    saveBest: 'auto',
  });
});

test('counts of epochs are scaled with the run, and changes of transforms are named', () => {
  const custom_hooks: ConfigObject[] = [
    { type: 'YOLOXModeSwitchHook', num_last_epochs: 15, priority: 48 },
    { type: 'PipelineSwitchHook', switch_epoch: 280, switch_pipeline: [{ type: 'PackDetInputs' }] },
    { type: 'EMAHook', priority: 49 },
    { type: 'WandbHook' },
  ];
  const { hooks, pipelineChanges, notices } = hooksOf({ custom_hooks }, { total: 60, configured: 300 });
  expect(hooks.map(({ name, priority }) => [name, priority])).toEqual([
    ['YOLOXModeSwitchHook', 48],
    ['PipelineSwitchHook', 50],
    ['EMAHook', 49],
  ]);
  expect(pipelineChanges).toMatchObject([
    { kind: 'skip', from: 56 },
    { kind: 'replace', from: 56 },
  ]);
  expect(notices).toEqual([
    'Mosaic, RandomAffine, MixUp are skipped from epoch 57 on (YOLOXModeSwitchHook)',
    'the pipeline changes from epoch 57 on (PipelineSwitchHook)',
  ]);
});

test('another hook in the place of a default one is that one; one that is not known leaves the place', () => {
  const param_scheduler = { type: 'YOLOv5ParamSchedulerHook', max_epochs: 300, warmup_mim_iter: 5 };
  const config = { default_hooks: { param_scheduler, logger: { type: 'MyLogger', level: 3 } } };
  const { defaultHooks, notices } = hooksOf(config, { total: 30, configured: 300 });
  expect(defaultHooks.param_scheduler).toMatchObject({ name: 'YOLOv5ParamSchedulerHook', options: { max_epochs: 30 } });
  expect(defaultHooks.logger).toEqual(new LoggerHook(50));
  expect(notices).toEqual([]);
});

test('a hook of your own is one definition', () => {
  register(
    defineModule({
      kind: 'hook',
      type: 'SilentCheckpoints',
      summary: 'No checkpoints',
      example: "{ type: 'SilentCheckpoints' }",
      options: z.strictObject({ level: z.int().default(1).describe('How silent') }),
      build: ({ level }) => ({ name: `SilentCheckpoints ${level}`, priority: 90 }),
    }),
  );
  const config = { default_hooks: { checkpoint: { type: 'SilentCheckpoints', level: 2 } } };
  expect(hooksOf(config).defaultHooks.checkpoint.name).toBe('SilentCheckpoints 2');
  expect(() => hooksOf(config, { checkpoint: { maxKeep: 1 } })).toThrow(
    /expected CheckpointHook as default_hooks.checkpoint, received SilentCheckpoints 2/,
  );
});

test('mistakes are named by their path', () => {
  const misspelt = { default_hooks: { logger: { type: 'LoggerHook', intervall: 3 } } };
  expect(() => hooksOf(misspelt)).toThrow(/default_hooks.logger.*Did you mean "interval"/s);
});
