// The types of configs under the notebook's compiler: TypeScript 5.0, not strict, node10 resolution.

import path from 'node:path';
import ts from '@tslab/typescript-for-tslab';
import { expect, test } from 'vitest';

test('cells are checked by the notebook compiler: right configs pass, each mistake is an error', () => {
  expect(ts.version).toMatch(/^5\.0\./);
  const cell = path.join(__dirname, 'types', 'cell.ts');
  const program = ts.createProgram([cell], {
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2022.d.ts'],
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Node10,
    esModuleInterop: true,
    skipLibCheck: true,
    noEmit: true,
    types: ['node'],
  });
  const problems = program.getSemanticDiagnostics(program.getSourceFile(cell));
  expect(problems.map(({ start, messageText }) => [start, ts.flattenDiagnosticMessageText(messageText, '\n')])).toEqual(
    [],
  );
});
