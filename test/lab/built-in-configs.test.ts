// The types of configs in cells: the notebook's compiler is the project's own, with the lenient options of cells. What
// cells see are the types the build wrote out (scripts/setup); test:slow compares them with those derived in the source.

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { cellOptions } from '../../kernels/jupyter/compiler/cell-options';
import { packageRoot } from '../../src/paths';
import { problemsOf } from './built-in-configs/problems-of';

const cell = path.join(__dirname, 'built-in-configs', 'cell.ts');
const dist = path.join(packageRoot, 'dist', 'src');
const { options, problem } = cellOptions('/');

test('cells are checked by the notebook compiler, leniently', () => {
  expect(problem).toBeUndefined();
  expect(options.strict).toBeUndefined();
});

const built = existsSync(path.join(dist, 'lab', 'built-in-configs.d.ts'));

test.skipIf(!built)('the types written out by the build let the same pass and refuse the same', () => {
  expect(readFileSync(path.join(dist, 'lab', 'built-in-configs.d.ts'), 'utf8')).toContain(
    'export type PAFPNChoice = {',
  );
  const text = readFileSync(cell, 'utf8').replaceAll('../../../src/', '../../../dist/src/');
  for (const strict of [undefined, true])
    expect(problemsOf(cell, { ...options, strict }, { [cell]: text })).toEqual([]);
});
