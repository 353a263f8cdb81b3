// What cells import: packages of every kind, and local modules, which are loaded again when they change.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KernelClient } from '../../../../kernels/jupyter/client';
import { startKernel } from '../kernels';

const folder = mkdtempSync(join(tmpdir(), 'detlab-modules-'));
const put = (path: string, text: string) => {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
};
const putPackage = (name: string, manifest: object, files: Record<string, string>) => {
  put(`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', ...manifest }));
  for (const [path, text] of Object.entries(files)) put(`node_modules/${name}/${path}`, text);
};

let kernel: KernelClient;
const run = (code: string) => kernel.execute(code, {}, 30_000);
const value = async (code: string) => {
  const { error, result } = await run(code);
  expect(error?.traceback.join('\n')).toBeUndefined();
  return result;
};

beforeAll(async () => {
  putPackage(
    'esm-only',
    { type: 'module', exports: { '.': { types: './index.d.ts', import: './index.js' }, './deep': './deep.js' } },
    {
      'index.js': 'export const answer = 42; export default function hello(name) { return "hello " + name; }',
      'index.d.ts': 'export declare const answer: number; export default function hello(name: string): string;',
      'deep.js': 'await null; export const deep = true;',
      'deep.d.ts': 'export declare const deep: boolean;',
    },
  );
  putPackage(
    'exports-only',
    { exports: { './feature': { types: './types/feature.d.ts', default: './lib/feature.cjs' } } },
    {
      'lib/feature.cjs': 'exports.feature = (n) => n + 1;',
      'types/feature.d.ts': 'export function feature(n: number): number;',
    },
  );
  putPackage('plain', { main: 'main.js' }, { 'main.js': 'module.exports = { plain: true };' });
  put(
    'geometry.ts',
    "import { half } from './half.ts';\nexport const area = (r: number): number => half(2 * Math.PI * r * r);\n",
  );
  put('half.ts', 'export function half(x: number): number {\n  return x / 2;\n}\n');
  put(
    'waits.ts',
    'export const loaded: number = await new Promise((r) => setTimeout(() => r(7), 10));\nexport default loaded;\n',
  );
  put(
    'where.ts',
    'export const here = import.meta.dirname;\nexport const lazily = async () => (await import("./half")).half(10);\n',
  );
  put(
    'fails.ts',
    'interface Gone { x: number }\n\nexport function fail(): never {\n  throw new RangeError("in a module");\n}\n',
  );
  put('data.json', '{ "classes": ["car", "person"] }');
  kernel = await startKernel('', folder);
});
afterAll(async () => {
  await kernel?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('packages', () => {
  it('imports ESM-only packages, typed', async () => {
    expect(await value("import hello, { answer } from 'esm-only';\n[hello('cell'), answer.toFixed(1)]")).toBe(
      "[ 'hello cell', '42.0' ]",
    );
    const { error } = await run("import { answer } from 'esm-only';\nconst text: string = answer;");
    expect(error?.evalue).toContain("Type 'number' is not assignable to type 'string'");
    expect(await value("import * as all from 'esm-only';\nObject.keys(all).sort()")).toBe("[ 'answer', 'default' ]");
    expect(await value('answer + 1')).toBe('43');
  });

  it('imports subpaths of packages with `exports`, and modules that await', async () => {
    expect(await value("import { feature } from 'exports-only/feature';\nfeature(1)")).toBe('2');
    expect(await value("import { deep } from 'esm-only/deep';\ndeep")).toBe('true');
  });

  it('imports CommonJS by default import, namespace and require', async () => {
    expect(await value("import plain from 'plain';\nplain.plain")).toBe('true');
    expect(await value("require('plain').plain")).toBe('true');
    expect(await value("import fs, { existsSync } from 'node:fs';\nfs.existsSync === existsSync")).toBe('true');
  });

  it('imports dynamically, also by a computed name', async () => {
    expect(await value("const name = 'esm-only';\n(await import(name)).answer")).toBe('42');
    expect(await value("(await import('plain')).default.plain")).toBe('true');
    expect(await value("(await import('node:path')).sep")).toBe("'/'");
    expect(await value("(await import('@tensorflow/tfjs')).tensor === tf.tensor")).toBe('true');
  });

  it('reports a missing package, and finds it once it is there', async () => {
    const { error } = await run("import { late } from 'late-package';\nlate");
    expect(error?.evalue).toContain("Cannot find module 'late-package'");
    putPackage(
      'late-package',
      { main: 'main.js' },
      { 'main.js': 'exports.late = 3;', 'main.d.ts': 'export const late: number;' },
    );
    expect(await value("import { late } from 'late-package';\nlate")).toBe('3');
  });
});

describe('local modules', () => {
  it('imports .ts with and without its extension, json, and modules that await', async () => {
    expect(await value("import { area } from './geometry';\nMath.round(area(1) * 100)")).toBe('314');
    expect(await value("import { half } from './half.ts';\nhalf(3)")).toBe('1.5');
    expect(await value("import data from './data.json';\ndata.classes[1]")).toBe("'person'");
    expect(await value("import seven, { loaded } from './waits';\n[seven, loaded]")).toBe('[ 7, 7 ]');
  });

  it('knows import.meta and import() in modules and cells', async () => {
    expect(await value("import { here, lazily } from './where';\n[here === process.cwd(), await lazily()]")).toBe(
      '[ true, 5 ]',
    );
    expect(await value("const path = './half'; (await import(path)).half(8)")).toBe('4');
    expect(await value('import.meta.dirname === process.cwd() && import.meta.url.startsWith("file:")')).toBe('true');
  });

  it('loads a changed file again, and its importers, and updates names imported before', async () => {
    expect(await value("import { area } from './geometry';\narea(1) > 3")).toBe('true');
    put('half.ts', 'export function half(x: number): number {\n  return x * 0; // changed\n}\n');
    expect(await value('area(1)')).toBe('0');
    put('half.ts', 'export function half(x: number): string {\n  return "none";\n}\n');
    const { error } = await run('half(3)');
    expect(error?.evalue).toMatch(/^geometry\.ts:2:\d+ - Type 'string' is not assignable to type 'number'/);
    put('half.ts', 'export function half(x: number): number {\n  return x / 2;\n}\n');
    expect(await value('half(3)')).toBe('1.5');
  });

  it('shows a type error of a module with its file, line and caret', async () => {
    put('wrong.ts', 'export const fine = 1;\nexport const bad: number = "text";\n');
    const { error } = await run("import { fine } from './wrong';\nfine");
    expect(error?.traceback.join('\n')).toContain("wrong.ts:2:14 - Type 'string' is not assignable to type 'number'.");
    expect(error?.traceback.join('\n')).toContain('    export const bad: number = "text";\n                 ^^^');
  });

  it('traces errors to the lines of the module and of the cell', async () => {
    const { error } = await run("import { fail } from './fails';\n\nfail();");
    const traceback = error!.traceback.join('\n');
    expect(traceback).toMatch(/at fail \(.*fails\.ts:4:9\)/);
    expect(traceback).toMatch(/at cell\[\d+\]:3:\d/);
    expect(traceback).not.toMatch(/kernels\/jupyter|node:/);
  });
});
