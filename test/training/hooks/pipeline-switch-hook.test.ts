import { expect, test } from 'vitest';
import { registry } from '../registry';

test('puts other transforms in place from an epoch on', () => {
  const pipeline = [{ type: 'LoadImageFromFile' }, { type: 'PackDetInputs' }];
  const config = { type: 'PipelineSwitchHook', switch_epoch: 5, switch_pipeline: pipeline };
  const hook = registry.build('hook', config, { path: 'custom_hooks.0' });
  expect(hook.pipelineChange!(12)).toEqual({ kind: 'replace', from: 5, pipeline });
  expect(() => registry.build('hook', { ...config, switch_pipeline: [] }, { path: 'custom_hooks.0' })).toThrow(
    /switch_pipeline/,
  );
});
