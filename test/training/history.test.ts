import { expect, test } from 'vitest';
import { bestEvaluation, type History, historyLines, SmoothedScalars } from '../../src/training/history';

test('losses, times and norms are averaged over the window, the rest is current', () => {
  const scalars = new SmoothedScalars(2);
  for (const i of [1, 2, 4]) scalars.push({ lr: i, loss_cls: i, time: i, acc: i, grad_norm: i });
  expect(scalars.current()).toEqual({ lr: 4, loss_cls: 3, time: 3, acc: 4, grad_norm: 3 });
  const other = new SmoothedScalars(2);
  other.restore(JSON.parse(JSON.stringify(scalars.state())));
  other.push({ loss_cls: 6 });
  expect(other.current().loss_cls).toBe(5);
});

test('the best evaluation is the first with the largest value', () => {
  const evaluations = [{ step: 1, AP: 0.2 }, { step: 2 } as { step: number; AP: number }, { step: 3, AP: 0.2 }];
  expect(bestEvaluation({ train: [], evaluations }, 'AP')).toEqual({ at: 1, metric: 'AP', value: 0.2 });
  expect(bestEvaluation({ train: [], evaluations }, 'AP50')).toBeUndefined();
});

test('of a metric of which less is better, the smallest', () => {
  const evaluations = [0.6, 0.4, 0.5].map((value, i) => ({ step: i + 1, 'crowd_human/mMR': value }));
  const best = { at: 2, metric: 'crowd_human/mMR', value: 0.4 };
  expect(bestEvaluation({ train: [], evaluations }, 'crowd_human/mMR')).toEqual(best);
  expect(bestEvaluation({ train: [], evaluations }, 'auto')).toEqual(best);
});

test('the lines of a history have each evaluation after the iterations before it', () => {
  const history: History = {
    train: [2, 5, 7, 10].map((step) => ({ step })),
    evaluations: [
      { AP: 0.1, step: 1 },
      { AP: 0.2, step: 2 },
    ],
  };
  const order = (lines: string[]) => lines.map((line) => JSON.parse(line).AP ?? JSON.parse(line).step);
  expect(order(historyLines(history, 5))).toEqual([2, 5, 0.1, 7, 10, 0.2]);
  // evaluations counted in iterations
  const iterations = { ...history, evaluations: [{ AP: 0.1, step: 7 }] };
  expect(order(historyLines(iterations, 1))).toEqual([2, 5, 7, 0.1, 10]);
});
