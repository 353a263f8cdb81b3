// The types of configs in cells: the notebook's compiler is the project's own, with the lenient options of cells.

import path from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { cellOptions } from '../../kernels/jupyter/compiler/options';

test('cells are checked by the notebook compiler: right configs pass, each mistake is an error', () => {
  const cell = path.join(__dirname, 'types', 'cell.ts');
  const { options, problem } = cellOptions('/');
  expect(problem).toBeUndefined();
  expect(options.strict).toBeUndefined();
  const program = ts.createProgram([cell], options);
  const problems = program.getSemanticDiagnostics(program.getSourceFile(cell));
  expect(problems.map(({ start, messageText }) => [start, ts.flattenDiagnosticMessageText(messageText, '\n')])).toEqual(
    [],
  );
});
