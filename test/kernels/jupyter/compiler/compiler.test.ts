// TypeScript over many cells: declarations, type errors, tsconfig.json, completion and inspection.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KernelClient } from '../../../../kernels/jupyter/client';
import { Flag, firstOutput, startKernel } from '../kernels';

let kernel: KernelClient;
const run = (code: string) => kernel.execute(code, {}, 30_000);
const value = async (code: string) => {
  const { error, result } = await run(code);
  expect(error?.traceback.join('\n')).toBeUndefined();
  return result;
};

beforeAll(async () => {
  kernel = await startKernel();
});
afterAll(() => kernel?.stop());

describe('declarations over cells', () => {
  it('replaces what is redeclared, of any kind, and keeps the rest', async () => {
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

  it('gives a name its last declaration, also in functions of earlier cells', async () => {
    await run(
      `const rate = 1; let scale = 10; function helper() { return 'old' } class Part { name = 'old' } import { basename as portion } from 'node:path';
       const all = () => [rate, scale, helper(), new Part().name, portion('a/4')]; function recursive(n: number): number { return n ? 1 + recursive(n - 1) : 0 }`,
    );
    expect(await value('all().join()')).toBe("'1,10,old,old,4'");
    await run(
      "const rate = 2; scale = 20; function helper() { return 'new' } class Part { name = 'new' } const portion = (name: string) => name;",
    );
    expect(await value('all().join() + recursive(3)')).toBe("'2,20,new,new,a/43'");
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

describe('tsconfig.json', () => {
  it('decides strictness and paths; its errors are printed with the first cell', async () => {
    const strict = mkdtempSync(join(tmpdir(), 'detlab-strict-'));
    mkdirSync(join(strict, 'lib'));
    writeFileSync(join(strict, 'lib', 'tool.ts'), 'export const tool = 5;');
    writeFileSync(
      join(strict, 'tsconfig.json'),
      '{ /* comments are fine */ "compilerOptions": { "strict": true, "noUnusedLocals": true, "module": "commonjs", "paths": { "@lib/*": ["./lib/*"] }, "target": "es2k" } }',
    );
    const other = await startKernel('', strict);
    try {
      expect((await other.execute('1', { silent: true })).stderr).toBe('');
      const loose = await other.execute('function id(x) { return x }');
      expect(loose.stderr).toContain("Argument for '--target' option must be");
      expect(loose.error?.evalue).toContain("Parameter 'x' implicitly has an 'any' type");
      expect((await other.execute("import { tool } from '@lib/tool';\ntool")).result).toBe('5');
      const nothing = await other.execute('const text: string = null;');
      expect(nothing.error?.evalue).toContain("Type 'null' is not assignable");
      expect(other.received.filter((m) => m.type === 'stream')).toHaveLength(1);
    } finally {
      await other.stop();
      rmSync(strict, { recursive: true, force: true });
    }
  });

  it('is lenient without one', async () => {
    expect(await value('function id(x) { return x }\nlet later: string = null;\nid(3)')).toBe('3');
  });
});

describe('completion and inspection', () => {
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

  it('of variables and members counts positions in code points', async () => {
    await run("const longVariableName = { alpha: 1, beta: 'two' };");
    const names = await kernel.request('complete_request', { code: 'longVar', cursor_pos: 7 });
    expect(names).toMatchObject({ status: 'ok', cursor_start: 0, cursor_end: 7 });
    expect(names.matches).toContain('longVariableName');
    const members = await kernel.request('complete_request', { code: "'😀'; longVariableName.", cursor_pos: 22 });
    expect(members.matches).toEqual(expect.arrayContaining(['alpha', 'beta']));
    expect(members.cursor_start).toBe(22);
  });

  it('replaces what it completes, and reports its kind', async () => {
    const reply = await complete('tf.tensor2|');
    expect(reply).toMatchObject({ cursor_start: 3, cursor_end: 10 });
    expect(reply.metadata._jupyter_types_experimental[0]).toMatchObject({ text: 'tensor2d', start: 3, end: 10 });
    expect((await complete('nothingLikeThis|')).matches).toEqual([]);
  });

  it('is answered while a cell awaits', async () => {
    const flag = new Flag(kernel);
    const id = kernel.start(flag.awaitLoop);
    await kernel.wait((m) => m.parent === id && m.type === 'execute_input');
    expect((await complete('tf.tensor2|')).matches).toContain('tensor2d');
    expect(kernel.received.some((m) => m.parent === id && m.type === 'execute_reply')).toBe(false);
    flag.raise();
    await kernel.finish(id);
  });

  it('is answered while a cell keeps the thread busy', async () => {
    const flag = new Flag(kernel);
    const id = kernel.start(`console.log('go'); ${flag.busyLoop}`);
    await firstOutput(kernel, id);
    expect((await complete('tf.mat|')).matches).toContain('matMul');
    expect((await kernel.request('inspect_request', { code: 'tf.matMul', cursor_pos: 5, detail_level: 0 })).found).toBe(
      true,
    );
    expect((await kernel.request('is_complete_request', { code: 'f(' })).status).toBe('incomplete');
    expect(kernel.received.some((m) => m.parent === id && m.type === 'execute_reply')).toBe(false);
    flag.raise();
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
    expect((await kernel.request('inspect_request', { code: '   ', cursor_pos: 1 })).found).toBe(false);
    const name = await kernel.request('inspect_request', { code: 'tf.matMul', cursor_pos: 6, detail_level: 0 });
    expect(name.data['text/plain']).toContain('matMul');
  });
});
