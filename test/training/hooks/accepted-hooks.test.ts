import { expect, test } from 'vitest';
import { HookList } from '../../../src/training/hooks/hook-list';
import { registry } from '../registry';

const build = (config: { type: string } & Record<string, unknown>) =>
  registry.build('hook', config, { path: 'custom_hooks.0' });

test.each(['SyncNormHook', 'NumClassCheckHook', 'CheckInvalidLossHook', 'DistSamplerSeedHook', 'DetVisualizationHook'])(
  '%s is accepted and does nothing',
  (type) => {
    const hook = build({ type, priority: 'LOW' });
    const list = new HookList([hook]);
    for (const point of ['beforeRun', 'afterTrainIter', 'afterTrainEpoch', 'afterVal'] as const)
      expect(list.has(point)).toBe(false);
  },
);

test('what a config asks of them and is not done is refused', () => {
  expect(() => build({ type: 'DetVisualizationHook', draw: true })).toThrow(/draw/);
  expect(() => build({ type: 'EMAHok' })).toThrow(/EMAHook/);
});
