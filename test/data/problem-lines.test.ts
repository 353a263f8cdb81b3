// Problems of one kind are one line.

import { expect, it } from 'vitest';
import { problemLines } from '../../src/data/problem-lines';
import type { DataProblem } from '../../src/data/types';

it('gives the first of each kind, and counts those like it', () => {
  const problem = (kind: DataProblem['kind'], message: string): DataProblem => ({ kind, file: 'a', message });
  expect(
    problemLines([
      problem('zero-area', 'box 1'),
      problem('missing-image', 'image 1'),
      problem('zero-area', 'box 2'),
      problem('missing-image', 'image 2'),
      problem('missing-image', 'image 3'),
      problem('box-outside', 'box 3'),
    ]),
  ).toEqual(['box 1 (and 1 more like it)', 'image 1 (and 2 more images)', 'box 3']);
  expect(problemLines([])).toEqual([]);
});
