import { expect, test } from 'vitest';
import { planLoop } from '../../src/lab/plan-loop';

const epochs = (max_epochs: number, more = {}) => ({ train_cfg: { type: 'EpochBasedTrainLoop', max_epochs, ...more } });
const iterations = (max_iters: number, more = {}) => ({
  train_cfg: { type: 'IterBasedTrainLoop', max_iters, ...more },
});

test.each([
  ['the type', epochs(24), { unit: 'epoch', total: 24 }],
  ['no type, as in older configs', { train_cfg: { max_epochs: 5, val_interval: 5 } }, { unit: 'epoch', total: 5 }],
  ['nothing at all', {}, { unit: 'epoch', total: 12 }],
  ['iterations', iterations(90000, { val_interval: 10000 }), { unit: 'iteration', total: 90000 }],
  ["mmengine's by_epoch", { train_cfg: { by_epoch: false, max_iters: 500 } }, { unit: 'iteration', total: 500 }],
])('a loop is known by %s', (_, config, expected) => {
  const { loop, configured } = planLoop(config);
  expect(loop).toMatchObject(expected);
  expect(configured).toBe(expected.total);
});

test('epochs of fit scale what counts them; evaluateEvery takes the place of intervals', () => {
  const config = epochs(300, { val_begin: 100, val_interval: 10, dynamic_intervals: [[285, 1]] });
  const { loop, configured } = planLoop(config, { epochs: 30 });
  expect(configured).toBe(300);
  expect(loop.total).toBe(30);
  expect(loop.evaluation).toEqual({ begin: 10, interval: 10, dynamicIntervals: [[28, 1]] });
  const every = planLoop(config, { evaluateEvery: 3 }).loop;
  expect([every.total, every.evaluation]).toEqual([300, { begin: 1, interval: 3, dynamicIntervals: [] }]);
  expect(planLoop(iterations(90), { evaluateEvery: 30 }).loop.evaluation.interval).toBe(30);
});

test('what cannot be trained by is refused', () => {
  expect(() => planLoop(iterations(90000), { epochs: 3 })).toThrow(
    /Cannot train for 3 epochs: train_cfg is an IterBasedTrainLoop, which counts iterations. Set train_cfg.max_iters/,
  );
  expect(() => planLoop({ train_cfg: { type: 'ValLoop' } })).toThrow(
    /expected EpochBasedTrainLoop or IterBasedTrainLoop as train_cfg.type, received ValLoop/,
  );
  expect(() => planLoop({ train_cfg: { type: 'EpochBasdTrainLoop' } })).toThrow(/Did you mean "EpochBasedTrainLoop"/);
  expect(() => planLoop(epochs(3, { max_iters: 5 }))).toThrow(/max_iters/);
});
