// Many problems in few lines: the first of each kind, and how many there are like it.

import { withRelativePaths } from '../paths';
import type { DataProblem } from './types';

/** What a kind of problem is about, for `and 11 more images`. */
const SUBJECTS: Partial<Record<DataProblem['kind'], [one: string, several: string]>> = {
  'missing-image': ['image', 'images'],
  'unreadable-image': ['image', 'images'],
  'image-size': ['image', 'images'],
  'small-image': ['image', 'images'],
  'empty-image': ['image', 'images'],
};

/**
 * One line per kind of problem, in order of appearance: the first message, and the number of further ones.
 *
 * @example problemLines(data.problems) // ['Cannot find image "a.jpg" (id 7) (and 2 more images)']
 */
export function problemLines(problems: readonly DataProblem[]): string[] {
  const byKind = new Map<DataProblem['kind'], DataProblem[]>();
  for (const problem of problems) {
    const alike = byKind.get(problem.kind);
    if (alike) alike.push(problem);
    else byKind.set(problem.kind, [problem]);
  }
  return [...byKind].map(([kind, alike]) => {
    const more = alike.length - 1;
    const message = withRelativePaths(alike[0].message);
    if (more === 0) return message;
    const subject = SUBJECTS[kind]?.[more === 1 ? 0 : 1] ?? 'like it';
    return `${message} (and ${more.toLocaleString('en')} more ${subject})`;
  });
}
