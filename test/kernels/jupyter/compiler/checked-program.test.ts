// Cells that are checked with the program of the last one: they compile to what a new program makes of them.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { CellCompiler, type Compiled } from '../../../../kernels/jupyter/compiler/compiler';

const folder = mkdtempSync(join(tmpdir(), 'detlab-cells-'));
const prelude = "import { z } from 'zod';\n";
let reusing: CellCompiler;
let renewing: CellCompiler;
let reopened = 0;

beforeEach(() => {
  [reusing, renewing] = [new CellCompiler(folder, prelude, ''), new CellCompiler(folder, prelude, '')];
  reopened = 0;
  for (const language of [reusing.full, (reusing as unknown as { light: CellCompiler['full'] }).light]) {
    const { reopen } = language;
    Object.assign(language, {
      reopen: (...given: [string, string]) => {
        const opened = reopen(...given);
        if (opened) reopened++;
        return opened;
      },
    });
  }
  for (const language of [renewing.full, (renewing as unknown as { light: CellCompiler['full'] }).light])
    Object.assign(language, { reopen: () => undefined });
});
afterAll(() => rmSync(folder, { recursive: true }));

const errors = (compiled: Compiled) => ('problems' in compiled ? compiled.problems.map(({ message }) => message) : []);

/** Compiles a cell both ways and expects the same; returns its errors. */
function compile(source: string): string[] {
  const [compiled, expected] = [reusing, renewing].map((compiler) => {
    const result = compiler.compile(source);
    compiler.commit(new Set());
    return result;
  });
  expect(compiled).toEqual(expected);
  expect(reusing.earlier).toBe(renewing.earlier);
  return errors(compiled);
}

describe('a cell in the program of the last one', () => {
  it('sees what earlier cells declare, last of all', () => {
    for (const source of [
      'const size = 3; type Box = [number, number];',
      'const schema = z.object({ size: z.number() });',
      'const parsed = schema.parse({ size }); parsed.size',
      "const size = 'large'; class Shape { box: Box = [1, 2] }",
      'interface Named { name: string } function area({ box }: Shape) { return box[0] * box[1]; }',
      'const named: Named = { name: size.toUpperCase() }; [named.name, area(new Shape())]',
      'await Promise.resolve(parsed.size.toFixed(1))',
      'enum Level { Low, High } let level = Level.Low; level = Level.High;',
      'export const shared = level; namespace Deep { export const value = 1; }',
      'Deep.value + shared',
    ])
      expect(compile(source)).toEqual([]);
    expect(reopened).toBeGreaterThan(3);
  });

  it('has its errors each time', () => {
    compile('const size = 3;');
    for (let time = 0; time < 2; time++) {
      expect(compile('size.toUpperCase()')).toHaveLength(1);
      expect(compile('size.toFixed()')).toEqual([]);
      expect(compile('z.object({ a: z.strin() })')).toHaveLength(1);
      expect(compile('z.object({ a: z.string() }).parse({}).a.length')).toEqual([]);
      expect(compile('const = 1')).not.toEqual([]);
      expect(compile('// @ts-expect-error\nsize.length = 1;\n// @ts-expect-error\nsize.toFixed();')).toHaveLength(1);
    }
    expect(reopened).toBeGreaterThan(2);
  });

  it('has no errors of what was completed in between', () => {
    compile('const size = 3;');
    reusing.full.show(reusing.earlier, 'size.toUpper');
    reusing.full.service.getSemanticDiagnostics(reusing.full.cellPath);
    expect(compile('size.toFixed()')).toEqual([]);
  });

  it('is given a new one for imports and for what adds to other types', () => {
    compile('1');
    for (const source of [
      "import { join } from 'node:path';",
      "join('a', 'b')",
      'declare global { interface Array<T> { last(): T } }',
      '[1].last()',
      "declare module 'zod' { interface Extra { more: number } }",
      "const extra: import('zod').Extra = { more: 1 }; extra.more",
      "const later = await import('node:os');",
      'later.cpus().length',
    ])
      expect(compile(source)).toEqual([]);
    expect(compile('[1].first()')).toHaveLength(1);
  });

  it('is known when it is run again, until something that it names has changed', () => {
    compile('let size = 3;');
    for (let time = 0; time < 3; time++) expect(compile('let doubled = 2 * size; doubled')).toEqual([]);
    expect(compile("const size = 'text';")).toEqual([]);
    expect(compile('let doubled = 2 * size; doubled')).toHaveLength(1);
    expect(compile("let doubled = 'a';")).toEqual([]);
    expect(compile('const size = 1;')).toEqual([]);
    expect(compile('let doubled = 2 * size; doubled')).toEqual([]);
    expect(compile('doubled.toFixed()')).toEqual([]);
  });

  it('sees that a local module has changed', () => {
    const path = join(folder, 'local.ts');
    writeFileSync(path, 'export const local = 1;');
    expect(compile("import { local } from './local';")).toEqual([]);
    for (let time = 0; time < 3; time++) expect(compile('local.toFixed()')).toEqual([]);
    expect(compile('String(local)')).toEqual([]);
    writeFileSync(path, "export const local = 'text';");
    expect(compile('String(local)')).toEqual([]);
    expect(compile('local.toFixed()')).toHaveLength(1);
    expect(compile('local.toUpperCase()')).toEqual([]);
  });
});
