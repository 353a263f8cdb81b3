// Problems of one kind are one line.

import { join } from 'node:path';
import { expect, it } from 'vitest';
import { problemLines, withRelativePaths } from '../../src/data/problem-lines';
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

it('paths below the working directory are seen from there', () => {
  const message = `Cannot find image "${join(process.cwd(), 'data', 'a.jpg')}" (id 7)`;
  expect(withRelativePaths(message)).toBe(`Cannot find image "${join('data', 'a.jpg')}" (id 7)`);
  expect(withRelativePaths('Cannot find image "/elsewhere/a.jpg"')).toBe('Cannot find image "/elsewhere/a.jpg"');
});
