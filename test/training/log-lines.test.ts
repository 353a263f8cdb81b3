import { expect, test } from 'vitest';
import { duration, evaluationLine, trainLine } from '../../src/training/log-lines';

const record = { lr: 0.02, data_time: 0.01, loss: 1.5, loss_cls: 1, time: 0.2, iter: 150, memory: 900, step: 150 };
const rest =
  'lr: 2.0000e-2  eta: 0:01:40  time: 0.2000  data_time: 0.0100  memory: 900  loss: 1.5000  loss_cls: 1.0000';

test("lines have mmengine's form, by epochs and by iterations", () => {
  expect(trainLine({ ...record, epoch: 2 }, { iteration: 50, of: 100, eta: 100 })).toBe(
    `Epoch(train)  [2][ 50/100]  ${rest}`,
  );
  expect(trainLine(record, { iteration: 150, of: 90000, eta: 100 })).toBe(`Iter(train) [  150/90000]  ${rest}`);
  expect(evaluationLine('epoch', 2, { AP: 0.5 })).toBe('Epoch(val)  [2]  AP: 0.5000');
  expect(evaluationLine('iteration', 500, { AP: 0.5 })).toBe('Iter(val) [500]  AP: 0.5000');
});

test.each([
  [0, '0:00:00'],
  [-3, '0:00:00'],
  [3725, '1:02:05'],
  [2 * 86400 + 60, '2 days, 0:01:00'],
])('%i seconds are %s', (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});
