// The types of configs in cells: the notebook's compiler is the project's own, with the lenient options of cells. What
// cells see are the types the build wrote out (scripts/setup); they must say the same as those derived in the source.

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { cellOptions } from '../../kernels/jupyter/compiler/cell-options';
import { KINDS } from '../../src/catalogue/registry';
import { packageRoot } from '../../src/paths';

/** Problems of one file; `virtual` are files that are not on the disk, or are read as something else. */
function problemsOf(file: string, options: ts.CompilerOptions, virtual: Record<string, string> = {}): unknown[] {
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists } = host;
  host.fileExists = (name) => name in virtual || fileExists.call(host, name);
  host.readFile = (name) => virtual[name] ?? readFile.call(host, name);
  const program = ts.createProgram([file], options, host);
  const source = program.getSourceFile(file);
  return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
    ({ start = 0, messageText }) => {
      const line = source!.text.slice(source!.text.lastIndexOf('\n', start) + 1).split('\n')[0];
      return [line.trim(), ts.flattenDiagnosticMessageText(messageText, '\n')];
    },
  );
}

const cell = path.join(__dirname, 'built-in-configs', 'cell.ts');
const dist = path.join(packageRoot, 'dist', 'src');
const { options, problem } = cellOptions('/');

test('cells are checked by the notebook compiler: right configs pass, each mistake is an error', () => {
  expect(problem).toBeUndefined();
  expect(options.strict).toBeUndefined();
  expect(problemsOf(cell, options)).toEqual([]);
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

test.skipIf(!built)(
  'written out, the types of every kind equal the derived ones',
  () => {
    const derived = path.join(dist, 'lab', 'derived-configs.d.ts');
    const check = path.join(dist, 'lab', 'compared-configs.ts');
    const forms = ['Names', 'Configs', 'Choices', 'Overrides'];
    const checks = KINDS.flatMap((kind) =>
      forms.map(
        (form) => `export const ${kind}${form}: Same<Of<D.${form}, '${kind}'>, Of<W.${form}, '${kind}'>> = true;`,
      ),
    );
    const text = `
    import type * as D from './derived-configs';
    import type * as W from './built-in-configs';
    type Of<Table, K> = K extends keyof Table ? Table[K] : never;
    type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : 'less') : 'more';
    ${checks.join('\n')}`;
    // without its own entry in the table that the written ones fill
    const source = readFileSync(path.join(packageRoot, 'src', 'lab', 'built-in-configs.ts'), 'utf8');
    const derivedTypes = source.slice(0, source.indexOf('declare module'));
    const virtual = {
      [derived]: derivedTypes,
      [check]: text,
    };
    expect(problemsOf(check, { ...options, strict: true }, virtual)).toEqual([]);
    // and the comparison tells types apart
    const wrong = text.replace(checks[0], 'export const wrong: Same<{ a: 1 }, { a: 2 }> = true;');
    expect(problemsOf(check, { ...options, strict: true }, { ...virtual, [check]: wrong })).toHaveLength(1);
  },
  120_000,
);
