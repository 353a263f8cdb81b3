// The types of configs in cells as derived in the source, and whether those the build wrote out say the same.

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { cellOptions } from '../../kernels/jupyter/compiler/cell-options';
import { KINDS } from '../../src/catalogue/registry';
import { packageRoot } from '../../src/paths';
import { problemsOf } from './built-in-configs/problems-of';

const cell = path.join(__dirname, 'built-in-configs', 'cell.ts');
const dist = path.join(packageRoot, 'dist', 'src');
const { options } = cellOptions('/');

test('right configs pass, each mistake is an error', () => {
  expect(problemsOf(cell, options)).toEqual([]);
});

const built = existsSync(path.join(dist, 'lab', 'built-in-configs.d.ts'));

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
  600_000, // under other work
);
