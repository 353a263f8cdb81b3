import { expect, test } from 'vitest';
import { type EvaluationSchedule, isEvaluationDue } from '../../../src/training/loops/loop-plan';

const due = (evaluation: EvaluationSchedule, total = 10): number[] =>
  Array.from({ length: total }, (_, i) => i + 1).filter((done) =>
    isEvaluationDue({ type: 'EpochBasedTrainLoop', unit: 'epoch', total, evaluation }, done),
  );

test.each<[string, EvaluationSchedule, number[]]>([
  ['every one', { begin: 1, interval: 1 }, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]],
  ['every third, and the last', { begin: 1, interval: 3 }, [3, 6, 9, 10]],
  ['from the fifth on', { begin: 5, interval: 2 }, [6, 8, 10]],
  // as mmengine, another interval holds from one before its milestone on
  ['every one late', { begin: 1, interval: 4, dynamicIntervals: [[8, 1]] }, [4, 7, 8, 9, 10]],
  [
    'the last of several milestones',
    {
      begin: 1,
      interval: 5,
      dynamicIntervals: [
        [3, 2],
        [7, 10],
      ],
    },
    [2, 4, 10],
  ],
])('%s', (_, evaluation, expected) => {
  expect(due(evaluation)).toEqual(expected);
});
