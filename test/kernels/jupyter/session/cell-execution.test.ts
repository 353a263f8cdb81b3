// Execute requests: results, errors and their lines, silent cells, user expressions, and the cells queued after a failed one.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KernelClient } from '../../../../kernels/jupyter/client';
import { startKernel } from '../kernels';

let kernel: KernelClient;
beforeAll(async () => {
  kernel = await startKernel("const book = (globalThis as any)[Symbol.for('detlab.notebook')];");
});
afterAll(() => kernel?.stop());

describe('a cell', () => {
  it('sends busy, input, result and idle in order, and counts', async () => {
    const first = await kernel.execute('const four = 4;\nfour + 1');
    expect(first.types).toEqual(['status', 'execute_input', 'execute_result', 'status']);
    expect(first.result).toBe('5');
    expect(first.reply).toMatchObject({ status: 'ok', user_expressions: {}, payload: [] });
    const second = await kernel.execute('four * 2');
    expect(second.result).toBe('8');
    expect(second.reply.execution_count).toBe(first.reply.execution_count + 1);
  });

  it('reports in its reply when it started, for front ends that show times', async () => {
    const { metadata } = await kernel.execute('1');
    expect(Math.abs(Date.parse(String(metadata.started)) - Date.now())).toBeLessThan(60_000);
  });

  it('uses variables of earlier cells in shorthand properties and in destructuring', async () => {
    await kernel.execute('let short = 1; const long = 2;');
    expect((await kernel.execute('const here = 3; JSON.stringify({ short, here, long })')).result).toBe(
      `'{"short":1,"here":3,"long":2}'`,
    );
    await kernel.execute('({ short } = { short: 7 });');
    expect((await kernel.execute('short')).result).toBe('7');
  });

  it('shares declarations of all kinds with later cells', async () => {
    await kernel.execute(
      'interface Point { x: number }\nclass Shape { area() { return 7 } }\nlet total = 1;\nfunction twice(n: number) { return n * 2 }\nconst { x, ...rest } = { x: 1, y: 2 };',
    );
    const { result } = await kernel.execute(
      'total += 2; const p: Point = { x: 3 }; [p.x, new Shape().area(), twice(total), x, rest.y]',
    );
    expect(result).toBe('[ 3, 7, 6, 1, 2 ]');
  });

  it('awaits at the top level', async () => {
    const { result } = await kernel.execute(
      'const later = await new Promise<number>((r) => setTimeout(() => r(41), 20));\nfor await (const n of [1]) { }\nlater + 1',
    );
    expect(result).toBe('42');
  });

  it.each([
    ['await (async () => { await null; return 1 })()', '1'],
    ['await [2]', '[ 2 ]'],
    ['await (3 as number)', '3'],
    ['[1].map(async (n) => await n).length', '1'],
  ])('awaits in %s', async (code, expected) => {
    expect((await kernel.execute(code)).result).toBe(expected);
  });

  it('shows nothing for undefined and for statements', async () => {
    expect((await kernel.execute('undefined')).types).not.toContain('execute_result');
    expect((await kernel.execute('let unseen = 3')).types).not.toContain('execute_result');
    expect((await kernel.execute('')).reply.status).toBe('ok');
  });

  it('finds the packages of the project from any folder, and Node types', async () => {
    const { error, result } = await kernel.execute(
      "import { readFileSync } from 'node:fs';\nconst t = tf.tensor2d([[1, 2], [3, 4]]);\n[typeof readFileSync, t.shape]",
    );
    expect(error).toBeUndefined();
    expect(result).toBe("[ 'function', [ 2, 2 ] ]");
    const lab = await kernel.execute(
      "import { describe as summary } from 'detlab';\n[typeof summary, typeof (await import('detlab')).detector]",
    );
    expect([lab.error, lab.result]).toEqual([undefined, "[ 'function', 'function' ]"]);
  });

  it('shows the bundle of Symbol.for("Jupyter.display")', async () => {
    const { published } = await kernel.execute(
      "({ async [Symbol.for('Jupyter.display')]() { return { 'text/html': '<b>x</b>', 'image/png': new Uint8Array([1, 2, 3]), 'application/vnd.vegalite.v5+json': { mark: 'bar' } } } })",
    );
    expect(published.find((m) => m.type === 'execute_result')!.content.data).toEqual({
      'text/html': '<b>x</b>',
      'image/png': 'AQID',
      'application/vnd.vegalite.v5+json': { mark: 'bar' },
      'text/plain': 'x',
    });
  });

  it('fails when its display fails', async () => {
    const { error } = await kernel.execute("({ [Symbol.for('Jupyter.display')]() { throw new Error('no image') } })");
    expect(error?.evalue).toBe('no image');
  });
});

describe('a silent cell', () => {
  it('publishes nothing, not even console output; errors are in the reply', async () => {
    const quiet = await kernel.execute(
      "console.log('printed'); console.error('printed'); book.display({ 'text/plain': 'shown' }); book.clearOutput(); 5",
      { silent: true },
    );
    expect(quiet.types).toEqual(['status', 'status']);
    const failing = await kernel.execute("throw new RangeError('reported')", { silent: true });
    expect(failing.types).toEqual(['status', 'status']);
    expect(failing.reply).toMatchObject({ status: 'error', ename: 'RangeError', evalue: 'reported' });
  });

  it('is executed but not counted, and its failure aborts no other cell', async () => {
    const before = (await kernel.execute('1')).reply.execution_count;
    await kernel.execute('let hidden = 3;', { silent: true });
    expect((await kernel.execute('1')).reply.execution_count).toBe(before + 1);
    const failing = kernel.start("await null; throw new Error('no')", { silent: true });
    const next = kernel.start('hidden');
    await kernel.finish(failing);
    expect((await kernel.finish(next)).result).toBe('3');
  });
});

describe('user_expressions', () => {
  it('are bundles, evaluated after the cell, and errors in the form of errors', async () => {
    const { reply } = await kernel.execute('const seven = 7;', {
      user_expressions: {
        plain: 'seven + 1',
        rich: "({ [Symbol.for('Jupyter.display')]: () => ({ 'text/html': '<i>' + seven + '</i>' }) })",
        awaited: 'await Promise.resolve(seven + 1)',
        failing: "(() => { throw new RangeError('far') })()",
        unknown: 'nowhere',
        wrong: 3,
      },
    });
    expect(reply.status).toBe('ok');
    expect(reply.user_expressions.plain).toEqual({ status: 'ok', data: { 'text/plain': '8' }, metadata: {} });
    expect(reply.user_expressions).toMatchObject({
      rich: { status: 'ok', data: { 'text/html': '<i>7</i>' }, metadata: {} },
      awaited: { status: 'ok', data: { 'text/plain': '8' }, metadata: {} },
      failing: {
        status: 'error',
        ename: 'RangeError',
        evalue: 'far',
        traceback: expect.arrayContaining(['RangeError: far']),
      },
      unknown: { status: 'error', ename: 'TypeScriptError' },
      wrong: { status: 'ok' },
    });
  });

  it('are not evaluated when the cell fails', async () => {
    const { reply } = await kernel.execute("throw new Error('no')", {
      user_expressions: { touched: '(globalThis as any).touched = 1' },
    });
    expect(reply).toMatchObject({ status: 'error', user_expressions: {}, payload: [] });
    expect((await kernel.execute('(globalThis as any).touched')).result).toBeUndefined();
  });
});

describe('an error', () => {
  it('has its name and the line of the cell, without internals', async () => {
    const { error, reply } = await kernel.execute(
      "// a comment\ninterface Gone { a: number }\n\nfunction fail(): never {\n  throw new RangeError('too far');\n}\nfail();",
    );
    expect(error).toMatchObject({ ename: 'RangeError', evalue: 'too far' });
    expect(reply).toMatchObject({ status: 'error', ename: 'RangeError' });
    const traceback = error!.traceback.join('\n');
    expect(traceback).toMatch(/at fail \(cell\[\d+\]:5:9\)/);
    expect(traceback).toMatch(/at cell\[\d+\]:7:1$/);
    expect(traceback).not.toMatch(/node:|tslab|kernels\/jupyter/);
  });

  it('has its line after an await too', async () => {
    const { error } = await kernel.execute(
      "\nawait null; await null;\nawait (async () => { throw new Error('late') })();",
    );
    expect(error!.traceback.join('\n')).toMatch(/cell\[\d+\]:3:28/);
  });

  it('has the lines of a counted cell also after cells that are not counted', async () => {
    const { reply } = await kernel.execute('\n\nconst fails = () => { throw new Error("here") };');
    await kernel.execute('1 + 1', { store_history: false, user_expressions: { two: '1 + 1' } });
    const { error } = await kernel.execute('fails()');
    expect(error!.traceback.join('\n')).toContain(`cell[${reply.execution_count}]:3:`);
  });

  it('of a type has its line and a caret', async () => {
    const { error } = await kernel.execute('const ok = 1;\nconst wrong: number = "text";');
    expect(error).toMatchObject({ ename: 'TypeScriptError' });
    const traceback = error!.traceback.join('\n');
    expect(traceback).toContain("2:7 - Type 'string' is not assignable to type 'number'.");
    expect(traceback).toContain('const wrong: number = "text";\n          ^^^^^');
  });

  it('may be a thrown value of any type', async () => {
    expect((await kernel.execute('throw { code: 3 }')).error).toMatchObject({ evalue: '{ code: 3 }' });
    expect((await kernel.execute('throw undefined')).error).toMatchObject({ evalue: 'undefined' });
  });

  it('shows the lines of the cell first, and folds those of packages', async () => {
    await kernel.execute(
      'class Own {\n  forward(x: tf.Tensor) {\n    return tf.matMul(x, tf.ones([5, 5]));\n  }\n}\nconst own = new Own();',
    );
    const number = (await kernel.execute('1')).reply.execution_count - 1;
    const { error } = await kernel.execute('own.forward(tf.ones([2, 3]))');
    const [head, first, second, folded, ...rest] = error!.traceback;
    expect(head).toMatch(/^Error: .*matmul.*\[2,3\]/i);
    expect(first).toBe(`    at Own.forward (cell[${number}]:3:15)`);
    expect(second).toBe(`    at cell[${number + 2}]:1:5`);
    expect(folded).toMatch(/^ {4}\(\d+ frames of .*@tensorflow\/tfjs-core.* folded, the innermost at .*\)$/);
    expect(rest).toEqual([]);
  });

  it('that a library reports on purpose says where it was called, and shows the cause of its message', async () => {
    const { error } = await kernel.execute("detector('faster-rcnn_r18')");
    expect(error?.traceback.slice(1).filter((line) => /^ +(?:at|\()/.test(line))).toEqual([
      expect.stringMatching(/^ {4}at cell\[\d+\]:1:1$/),
      expect.stringMatching(/^ {4}\(\d+ frames? of detlab folded\)$/),
    ]);
    const caused = await kernel.execute(
      "function inner() { throw new RangeError('too far') }\ntry { inner() } catch (cause) { throw new Error('Cannot go: ' + (cause as Error).message, { cause }) }",
    );
    expect(caused.error?.traceback).toEqual([
      'Error: Cannot go: too far',
      expect.stringMatching(/at inner \(cell\[\d+\]:1:26\)/),
      expect.stringMatching(/at cell\[\d+\]:2:7/),
      expect.stringMatching(/at cell\[\d+\]:2:\d+/),
    ]);
  });

  it('may be a value that cannot be inspected', async () => {
    const { reply, error } = await kernel.execute("throw { get message() { throw new Error('hidden') } };");
    expect(reply.status).toBe('error');
    expect(error?.evalue).toContain('cannot be inspected');
    expect((await kernel.execute("'next'")).result).toBe("'next'");
  });

  it('is replied when a request has no code', async () => {
    const { reply, types } = await kernel.finish(kernel.send('shell', 'execute_request', { silent: false }));
    expect(reply).toMatchObject({ status: 'error', ename: 'ProtocolError' });
    expect(types).toEqual(['status', 'status']);
  });
});

describe('a failed cell', () => {
  it('keeps what it has declared, and what it did not reach to replace', async () => {
    await kernel.execute("const model = 'trained'; const size = 3;");
    await kernel.execute("const early = 10; throw new Error('stop'); const size = 'big'; const model = 5;");
    const { result, error } = await kernel.execute(
      'const text: string = model; const n: number = size; [text, n, early]',
    );
    expect(error).toBeUndefined();
    expect(result).toBe("[ 'trained', 3, 10 ]");
  });

  it('aborts the cells that were queued before it failed, and no later one', async () => {
    const failing = kernel.start("await new Promise(r => setTimeout(r, 100)); throw new Error('first')");
    const queued = [kernel.start("console.log('never')"), kernel.start('3')];
    expect((await kernel.finish(failing)).reply).toMatchObject({
      status: 'error',
      execution_count: expect.any(Number),
    });
    const later = kernel.start("'later'"); // at once, with no time between
    for (const id of queued) {
      const aborted = await kernel.finish(id);
      expect(aborted.reply.status).toBe('aborted');
      expect(aborted.types).toEqual(['status', 'status']);
      expect(aborted.stdout).toBe('');
    }
    expect((await kernel.finish(later)).result).toBe("'later'");
  });

  it('aborts none without stop_on_error', async () => {
    const ids = ["throw new Error('first')", '2'].map((code) => kernel.start(code, { stop_on_error: false }));
    const [, second] = await Promise.all(ids.map((id) => kernel.finish(id)));
    expect(second.result).toBe('2');
  });
});
