import { expect, test } from 'vitest';
import { findIgnoredSettings } from '../../../src/catalogue/config-notices';
import { startEngine } from '../../../src/engine';
import { HookList } from '../../../src/training/hooks/hook-list';
import { registry } from '../registry';
import { trainTiny } from '../tiny-run';

const build = (config: { type: string } & Record<string, unknown>) =>
  registry.build('hook', config, { path: 'custom_hooks.0' });

test.each([
  'SyncNormHook',
  'NumClassCheckHook',
  'CheckInvalidLossHook',
  'DistSamplerSeedHook',
  'RuntimeInfoHook',
  'EmptyCacheHook',
])('%s is accepted and does nothing', (type) => {
  const hook = build({ type, priority: 'LOW' });
  const list = new HookList([hook]);
  for (const point of ['beforeRun', 'afterTrainIter', 'afterTrainEpoch', 'afterVal'] as const)
    expect(list.has(point)).toBe(false);
});

test('what a config asks of them and is not done is reported, and a misspelt type refused', () => {
  const hook = { type: 'EmptyCacheHook', after_iter: true };
  expect(build(hook).name).toBe('EmptyCacheHook');
  expect(findIgnoredSettings({ custom_hooks: [hook] }, registry)).toEqual([
    {
      paths: ['custom_hooks.0.after_iter'],
      message: expect.stringMatching(/^true has no effect/),
      lost: false,
    },
  ]);
  expect(() => build({ type: 'EMAHok' })).toThrow(/EMAHook/);
});

test('SyncBuffersHook says that it has no effect on one process', async () => {
  await startEngine();
  const lines: string[] = [];
  await trainTiny({ epochs: 1, hooks: [build({ type: 'SyncBuffersHook' })], log: (line) => void lines.push(line) });
  expect(lines).toContain('SyncBuffersHook has no effect: the run is one process');
});
