import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { OptimWrapper } from '../../src/training/optim-wrapper';
import { RunState } from '../../src/training/run-state';
import { Schedule } from '../../src/training/schedule';
import { registry } from './registry';
import { tinyDetector } from './tiny-detector';
import { tinyOptimWrapper } from './tiny-run';

beforeAll(async () => void (await startEngine()));

function newState() {
  const detector = tinyDetector();
  const wrapper = new OptimWrapper(detector, tinyOptimWrapper, registry, 15);
  const rule = { type: 'StepLR', step_size: 2, gamma: 0.5, by_epoch: false };
  const factory = registry.build('param_scheduler', rule, { path: 'param_scheduler.0' });
  const schedule = new Schedule([factory], wrapper.optimizer.groups, 5);
  const settings = { seed: 3, batchesPerEpoch: 5, unit: 'epoch', logWindow: 2 } as const;
  return { detector, state: new RunState(wrapper, schedule, settings) };
}

test('what is saved, as JSON too, is what another state goes on from', () => {
  const { detector, state } = newState();
  for (let i = 0; i < 7; i++) {
    if (i === 5) state.nextEpoch();
    state.random.uniform();
    state.smoothed.push({ loss: i, lr: 0.1 });
    state.schedule.afterIteration();
    state.advance();
  }
  state.history.train.push({ loss: 1, step: 7 });
  const saved = state.save(detector, { classes: ['a'] });
  expect(saved.state).toMatchObject({ epoch: 1, iteration: 2, step: 7, seed: 3, meta: { classes: ['a'] } });
  expect(saved.state).not.toHaveProperty('unit');
  const { state: other } = newState();
  other.restore(JSON.parse(JSON.stringify(saved.state)), saved.optimizer);
  expect([other.epoch, other.iteration, other.step]).toEqual([1, 2, 7]);
  expect(other.history).toEqual(state.history);
  expect(other.smoothed.current()).toEqual(state.smoothed.current());
  const rates = [state, other].map(({ wrapper }) => wrapper.optimizer.groups[0].lr);
  expect(rates).toEqual([0.05 * 0.5 ** 3, 0.05 * 0.5 ** 3]);
  for (const next of [state, other]) next.schedule.afterIteration();
  expect(other.save(detector, {}).state.schedule).toEqual(state.save(detector, {}).state.schedule);
  expect(Array.from({ length: 3 }, () => other.random.uniform())).toEqual(
    Array.from({ length: 3 }, () => state.random.uniform()),
  );
});

test('what is saved does not change with the run', () => {
  const { detector, state } = newState();
  const saved = state.save(detector, {});
  state.history.train.push({ loss: 1 });
  state.smoothed.push({ loss: 1 });
  expect([saved.state.history.train, saved.state.smoothing]).toEqual([[], []]);
});
