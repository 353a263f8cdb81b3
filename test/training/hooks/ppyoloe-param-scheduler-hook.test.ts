// Rates against MMYOLO's hook, with a resume within.

import { expect, test } from 'vitest';
import { PPYOLOEParamSchedulerHook } from '../../../src/training/hooks/ppyoloe-param-scheduler-hook';
import type { LearningRates, RatedGroup } from '../../../src/training/learning-rates';
import { goldenJson } from '../../golden-data';
import { registry } from '../registry';

interface Golden {
  ppyoloe: { length: number; epochs: number; cfg: Record<string, unknown>; steps: number[][] }[];
}

function hookOf(cfg: object): PPYOLOEParamSchedulerHook {
  const config = { type: 'PPYOLOEParamSchedulerHook', ...cfg };
  const hook = registry.build('hook', config, { path: 'default_hooks.param_scheduler' });
  if (!(hook instanceof PPYOLOEParamSchedulerHook)) throw new Error('no PPYOLOEParamSchedulerHook');
  return hook;
}

test.each(goldenJson<Golden>('training_hooks').ppyoloe)("MMYOLO's rates: $cfg", ({ length, cfg, steps }) => {
  const make = (): [RatedGroup[], LearningRates] => {
    const groups: RatedGroup[] = [0.01, 0.002].map((lr) => ({ lr, initialLr: lr }));
    return [groups, hookOf(cfg).rates(groups, length)];
  };
  let [groups, rates] = make();
  for (const [i, expected] of steps.entries()) {
    if (i === 7) {
      const state = JSON.parse(JSON.stringify(rates.state()));
      [groups, rates] = make();
      rates.restore(state);
    }
    for (const [g, lr] of expected.entries()) expect(groups[g].lr).toBeCloseTo(lr, 12);
    rates.afterIteration();
    if ((i + 1) % length === 0) rates.afterEpoch();
  }
});

test('its warm-up can be shortened', () => {
  const hook = hookOf({ warmup_epochs: 5, total_epochs: 96 });
  expect(hook.warmUp(10)).toBe(1000);
  expect(hook.withWarmUp(30, 10).warmUp(10)).toBe(30);
});
