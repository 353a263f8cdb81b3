// TypeScript as people write it: packages of every kind, local modules, tsconfig.json, declarations over many cells.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KernelClient } from './kernel-client';

const folder = mkdtempSync(join(tmpdir(), 'detlab-typescript-'));
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
  kernel = await KernelClient.start(folder);
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

  it('says what cannot be found, and finds it once it is there', async () => {
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

  it('loads a changed file anew, and what imports it; names imported before follow', async () => {
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

describe('tsconfig.json', () => {
  it('decides strictness and paths; what it cannot read it says', async () => {
    const strict = mkdtempSync(join(tmpdir(), 'detlab-strict-'));
    mkdirSync(join(strict, 'lib'));
    writeFileSync(join(strict, 'lib', 'tool.ts'), 'export const tool = 5;');
    writeFileSync(
      join(strict, 'tsconfig.json'),
      '{ /* comments are fine */ "compilerOptions": { "strict": true, "noUnusedLocals": true, "module": "commonjs", "paths": { "@lib/*": ["./lib/*"] }, "target": "es2k" } }',
    );
    const other = await KernelClient.start(strict);
    try {
      const loose = await other.execute('function id(x) { return x }');
      expect(loose.error?.evalue).toContain("Parameter 'x' implicitly has an 'any' type");
      expect((await other.execute("import { tool } from '@lib/tool';\ntool")).result).toBe('5');
      const nothing = await other.execute('const text: string = null;');
      expect(nothing.error?.evalue).toContain("Type 'null' is not assignable");
      const said = other.received.filter((m) => m.type === 'stream').map((m) => m.content.text);
      expect(said.join('')).toContain("Argument for '--target' option must be");
    } finally {
      await other.stop();
      rmSync(strict, { recursive: true, force: true });
    }
  });

  it('is lenient without one', async () => {
    expect(await value('function id(x) { return x }\nlet later: string = null;\nid(3)')).toBe('3');
  });
});

describe('declarations over cells', () => {
  it('replaces what is declared anew, of any kind, and keeps the rest', async () => {
    await run('const thing = 1; class Shape { a = 1 } enum Color { Red } type Size = number; let kept = "k";');
    await run('function thing() { return "f" } class Shape { b = 2 } interface Size { w: number }');
    expect(await value('const s: Size = { w: 1 }; [thing(), new Shape().b, Color.Red, s.w, kept]')).toBe(
      "[ 'f', 2, 0, 1, 'k' ]",
    );
    const { error } = await run('new Shape().a');
    expect(error?.evalue).toContain("Property 'a' does not exist on type 'Shape'");
  });

  it('sees assignments of other cells, and changes constants of none', async () => {
    await run('let counter = 0; const bump = () => ++counter; var old = 1;');
    await run('bump(); counter += 10; old++;');
    expect(await value('bump(); [counter, old]')).toBe('[ 12, 2 ]');
    expect((await run('const fixed = 1;')).error).toBeUndefined();
    expect((await run('fixed = 2;')).error?.evalue).toContain("Cannot assign to 'fixed' because it is a constant");
  });

  it('means by a name what it was last declared to be, also in functions of earlier cells', async () => {
    await run(
      `const rate = 1; let scale = 10; function helper() { return 'old' } class Part { name = 'old' } import { half as portion } from './half';
       const all = () => [rate, scale, helper(), new Part().name, portion(4)]; function recursive(n: number): number { return n ? 1 + recursive(n - 1) : 0 }`,
    );
    expect(await value('all().join()')).toBe("'1,10,old,old,2'");
    await run(
      "const rate = 2; scale = 20; function helper() { return 'new' } class Part { name = 'new' } const portion = (n: number) => n;",
    );
    expect(await value('all().join() + recursive(3)')).toBe("'2,20,new,new,43'");
    expect(
      await value(
        'const { a, ...others } = { a: 1, b: 2 }; const [head = 3] = []; let one = 1, two = one + 1; const get = () => [a, others.b, head, one, two].join(); get()',
      ),
    ).toBe("'1,2,3,1,2'");
    expect(await value('one = 7; get()')).toBe("'1,2,3,7,2'");
    expect(
      await value(
        'class Self { static made = new Self(); static again = () => new Self() } enum Level { Low = 1, High = Level.Low * 4 } [Self.made instanceof Self, Self.again() instanceof Self, Level.High]',
      ),
    ).toBe('[ true, true, 4 ]');
  });

  it('takes names of earlier cells in every position', async () => {
    await run(
      "let n = 2; const tag = (s: TemplateStringsArray) => s[0]; class Base { who() { return 'base' } } function self() { return this }",
    );
    expect(
      await value(
        'const o = { n, ["k" + n]: n }; class Derived extends Base {} ; let { m = n } = {} as { m?: number }; [o.n, o["k2"], new Derived().who(), tag`t`, m, self() === undefined, ((n) => n)(9), typeof n]',
      ),
    ).toBe("[ 2, 2, 'base', 't', 2, true, 9, 'number' ]");
    expect(await value('[n, n] = [5, 6]; ({ n } = { n: 7 }); for (n of [8]) ; n')).toBe('8');
  });

  it('understands decorators, using, satisfies, generics, namespaces and overloads', async () => {
    expect(
      await value(
        `const closed: string[] = [];
         function open(name: string) { return { name, [Symbol.dispose]() { closed.push(name) } } }
         { using a = open('a'); using b = open('b'); }
         closed.join()`,
      ),
    ).toBe("'b,a'");
    expect(
      await value(
        `function twice<T extends (...args: any[]) => number>(f: T, _: ClassMethodDecoratorContext) { return function (this: any, ...a: any[]) { return 2 * f.apply(this, a) } as T }
         class Calculator { @twice three() { return 3 } }
         namespace Deep { export const level = 1 }
         function over(a: string): string; function over(a: number): number; function over(a: any) { return a }
         const config = { type: 'FPN' } as const satisfies { type: string };
         new Calculator().three() + Deep.level`,
      ),
    ).toBe('7');
    expect(await value("const t: 'FPN' = config.type; [over(1) + 1, over('x').length, Deep.level, t]")).toBe(
      "[ 2, 1, 1, 'FPN' ]",
    );
  });

  it('keeps values whose types have no name to be written by', async () => {
    await run(
      'const make = () => { class Hidden { private secret = 1; get value() { return this.secret } } return new Hidden() }; const hidden = make();',
    );
    expect(await value('hidden.value')).toBe('1');
  });

  it('may export as files do', async () => {
    await run('export const shared = 3; export function exported() { return shared }');
    expect(await value('exported() + shared')).toBe('6');
  });

  it('shadows the globals of Node', async () => {
    await run("const process = 'mine'; class Buffer { mine = true }");
    expect(await value('[process, new Buffer().mine]')).toBe("[ 'mine', true ]");
  });
});

describe('type errors', () => {
  it('name every place, and suggest', async () => {
    const { error } = await run('const imageSize = 3;\nimageSzie + 1;\nconst wide: string = imageSize;');
    const traceback = error!.traceback.join('\n');
    expect(traceback).toContain("2:1 - Cannot find name 'imageSzie'. Did you mean 'imageSize'?");
    expect(traceback).toContain('    imageSzie + 1;\n    ^^^^^^^^^');
    expect(traceback).toContain("3:7 - Type 'number' is not assignable to type 'string'.");
  });

  it('of the syntax too, and nothing of the cell has run', async () => {
    const { error } = await run('(globalThis as any).ran = true; const = 3;');
    expect(error).toMatchObject({ ename: 'TypeScriptError' });
    expect(await value('(globalThis as any).ran')).toBeUndefined();
    expect((await run('const open = `text')).error?.ename).toBe('TypeScriptError');
  });

  it('explain a wrong option of a module by what there is', async () => {
    const { error } = await run("detector('faster-rcnn_r18_fpn_toytown').neck({ type: 'FPN', num_out: 5 })");
    expect(error?.traceback.join('\n')).toMatch(/'num_out' does not exist in type|Did you mean to write 'num_outs'/);
  });
});

describe('help while writing', () => {
  const complete = async (marked: string) => {
    const cursor = marked.indexOf('|');
    const code = marked.slice(0, cursor) + marked.slice(cursor + 1);
    return kernel.request('complete_request', { code, cursor_pos: cursor });
  };

  it.each([
    ["const base = detector('faster-rcnn_r18_fpn_toytown');\nbase.neck({ type: '|", 'PAFPN'],
    ["const base = detector('faster-rcnn_r18_fpn_toytown');\nbase.neck({ type: '|' })", 'PAFPN'],
    ["const base = detector('faster-rcnn_r18_fpn_toytown');\nbase.neck({ type: 'FPN', | })", 'num_outs'],
    [
      "const base = detector('faster-rcnn_r18_fpn_toytown');\nbase.neck({ type: 'FPN', add_extra_convs: '|' })",
      'on_input',
    ],
    ["detector('faster-rcnn_r18_fpn_toytown').neck('|')", 'FPN'],
    ["defineConfig({ model: { type: 'FasterRCNN', neck: { type: 'FPN', out_| } } })", 'out_channels'],
    ["import { read| } from 'node:fs'", 'readFileSync'],
  ])('completes config types and option keys: %s', async (code, expected) => {
    expect((await complete(code)).matches).toContain(expected);
  });

  it('replaces what it completes, and says what kind it is', async () => {
    const reply = await complete('tf.tensor2|');
    expect(reply).toMatchObject({ cursor_start: 3, cursor_end: 10 });
    expect(reply.metadata._jupyter_types_experimental[0]).toMatchObject({ text: 'tensor2d', start: 3, end: 10 });
    expect((await complete('nothingLikeThis|')).matches).toEqual([]);
  });

  it('completes and inspects while a cell computes without a pause', async () => {
    const id = kernel.start("console.log('go'); const until = Date.now() + 3000; while (Date.now() < until);");
    await kernel.wait((m) => m.parent === id && m.type === 'stream');
    expect((await complete('tf.mat|')).matches).toContain('matMul');
    expect((await kernel.request('inspect_request', { code: 'tf.matMul', cursor_pos: 5, detail_level: 0 })).found).toBe(
      true,
    );
    expect((await kernel.request('is_complete_request', { code: 'f(' })).status).toBe('incomplete');
    expect(kernel.received.some((m) => m.parent === id && m.type === 'execute_reply')).toBe(false);
    await kernel.finish(id);
  });

  it('inspects with the documentation of packages and of cells', async () => {
    await run('/** Twice as much. @param n of what */\nfunction doubled(n: number) { return 2 * n }');
    const cell = await kernel.request('inspect_request', { code: 'doubled(4)', cursor_pos: 3, detail_level: 0 });
    expect(cell.data['text/plain']).toMatch(
      /function doubled\(n: number\): number\n\nTwice as much\.\n\n@param n of what/,
    );
    const library = await kernel.request('inspect_request', { code: 'tf.matMul(', cursor_pos: 10, detail_level: 0 });
    expect(library.data['text/markdown']).toMatch(/Computes the dot product of two matrices/);
    const nothing = await kernel.request('inspect_request', { code: '1 + 2', cursor_pos: 1 });
    expect(nothing.found).toBe(false);
  });
});
