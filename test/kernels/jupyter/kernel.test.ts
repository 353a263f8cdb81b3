// The messages of the protocol, as a front end sees them.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KernelClient } from './kernel-client';

let kernel: KernelClient;
beforeAll(async () => {
  kernel = await KernelClient.start();
});
afterAll(() => kernel?.stop());

describe('kernel_info and the small requests', () => {
  it('says who it is', async () => {
    const reply = await kernel.request('kernel_info_request', {});
    expect(reply).toMatchObject({ status: 'ok', protocol_version: '5.4', implementation: 'detlab' });
    expect(reply.language_info).toMatchObject({ name: 'typescript', file_extension: '.ts' });
  });

  it('answers the heartbeat', async () => {
    expect(await kernel.beat('ping')).toBe('ping');
  });

  it('ignores a message with a wrong signature', async () => {
    kernel.send('shell', 'execute_request', { code: 'globalThis.forged = true' }, { key: 'not the key' });
    expect((await kernel.execute('(globalThis as any).forged === undefined')).result).toBe('true');
  });

  it('has no comms', async () => {
    expect(await kernel.request('comm_info_request', {})).toEqual({ status: 'ok', comms: {} });
  });

  it.each([
    ['const a = 1', 'complete'],
    ['function f() {', 'incomplete'],
    ['const s = `abc', 'incomplete'],
    ['foo(', 'incomplete'],
    ['const = 3', 'invalid'],
  ])('tells whether %j is complete', async (code, status) => {
    expect((await kernel.request('is_complete_request', { code })).status).toBe(status);
  });
});

describe('execute', () => {
  it('sends busy, input, result and idle in order, and counts', async () => {
    const first = await kernel.execute('const four = 4;\nfour + 1');
    expect(first.types).toEqual(['status', 'execute_input', 'execute_result', 'status']);
    expect(first.result).toBe('5');
    expect(first.reply).toMatchObject({ status: 'ok', user_expressions: {}, payload: [] });
    const second = await kernel.execute('four * 2');
    expect(second.result).toBe('8');
    expect(second.reply.execution_count).toBe(first.reply.execution_count + 1);
  });

  it('knows the variables of earlier cells in shorthand properties and in destructuring', async () => {
    await kernel.execute('let short = 1; const long = 2;');
    expect((await kernel.execute('const here = 3; JSON.stringify({ short, here, long })')).result).toBe(
      `'{"short":1,"here":3,"long":2}'`,
    );
    await kernel.execute('({ short } = { short: 7 });');
    expect((await kernel.execute('short')).result).toBe('7');
  });

  it('keeps declarations of all kinds between cells', async () => {
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
  ])('takes an await for what it is in %s', async (code, expected) => {
    expect((await kernel.execute(code)).result).toBe(expected);
  });

  it('shows nothing for undefined and for statements', async () => {
    expect((await kernel.execute('undefined')).types).not.toContain('execute_result');
    expect((await kernel.execute('let unseen = 3')).types).not.toContain('execute_result');
    expect((await kernel.execute('')).reply.status).toBe('ok');
  });

  it('is silent when asked to be, and then does not count', async () => {
    const before = (await kernel.execute('1')).reply.execution_count;
    const silent = await kernel.execute('7', { silent: true });
    expect(silent.types).toEqual(['status', 'status']);
    expect((await kernel.execute('1')).reply.execution_count).toBe(before + 1);
  });

  it('evaluates user_expressions', async () => {
    const { reply } = await kernel.execute('const six = 6', { user_expressions: { good: 'six + 1', bad: 'nowhere' } });
    expect(reply.user_expressions.good).toEqual({ status: 'ok', data: { 'text/plain': '7' }, metadata: {} });
    expect(reply.user_expressions.bad).toMatchObject({ status: 'error', ename: 'TypeScriptError' });
  });

  it('finds the packages of the project from any folder, and Node types', async () => {
    const { error, result } = await kernel.execute(
      "import { readFileSync } from 'node:fs';\nconst t = tf.tensor2d([[1, 2], [3, 4]]);\n[typeof readFileSync, t.shape]",
    );
    expect(error).toBeUndefined();
    expect(result).toBe("[ 'function', [ 2, 2 ] ]");
    const lab = await kernel.execute(
      "import { describe as told } from 'detlab';\n[typeof told, typeof (await import('detlab')).detector]",
    );
    expect([lab.error, lab.result]).toEqual([undefined, "[ 'function', 'function' ]"]);
  });
});

describe('errors', () => {
  it('names the error and the line of the cell, without internals', async () => {
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

  it('finds the line after an await too', async () => {
    const { error } = await kernel.execute(
      "\nawait null; await null;\nawait (async () => { throw new Error('late') })();",
    );
    expect(error!.traceback.join('\n')).toMatch(/cell\[\d+\]:3:28/);
  });

  it('shows a type error with its line and a caret', async () => {
    const { error } = await kernel.execute('const ok = 1;\nconst wrong: number = "text";');
    expect(error).toMatchObject({ ename: 'TypeScriptError' });
    const traceback = error!.traceback.join('\n');
    expect(traceback).toContain("2:7 - Type 'string' is not assignable to type 'number'.");
    expect(traceback).toContain('const wrong: number = "text";\n          ^^^^^');
  });

  it('copes with things thrown that are no errors', async () => {
    expect((await kernel.execute('throw { code: 3 }')).error).toMatchObject({ evalue: '{ code: 3 }' });
    expect((await kernel.execute('throw undefined')).error).toMatchObject({ evalue: 'undefined' });
  });

  it('keeps what a failed cell declared before it failed, and what it did not get to replace', async () => {
    await kernel.execute("const model = 'trained'; const size = 3;");
    await kernel.execute("const early = 10; throw new Error('stop'); const size = 'big'; const model = 5;");
    const { result, error } = await kernel.execute(
      'const text: string = model; const n: number = size; [text, n, early]',
    );
    expect(error).toBeUndefined();
    expect(result).toBe("[ 'trained', 3, 10 ]");
  });

  it('aborts the cells that were queued behind it, and no later one', async () => {
    const ids = ["await new Promise(r => setTimeout(r, 100)); throw new Error('first')", '2', '3'].map((code) =>
      kernel.start(code),
    );
    const [first, second, third] = await Promise.all(ids.map((id) => kernel.finish(id)));
    expect(first.reply.status).toBe('error');
    expect(second.reply.status).toBe('aborted');
    expect(third.reply.status).toBe('aborted');
    expect(third.types).toEqual(['status', 'status']);
    expect((await kernel.execute('4')).result).toBe('4');
  });

  it('does not abort them without stop_on_error', async () => {
    const ids = ["throw new Error('first')", '2'].map((code) => kernel.start(code, { stop_on_error: false }));
    const [, second] = await Promise.all(ids.map((id) => kernel.finish(id)));
    expect(second.result).toBe('2');
  });

  it('survives errors outside of cells, and refuses to exit', async () => {
    const id = kernel.start(
      "setTimeout(() => { throw new Error('from a timer') }, 10); Promise.reject(new Error('unhandled')); await new Promise(r => setTimeout(r, 150));",
    );
    const { stderr, reply } = await kernel.finish(id);
    expect(reply.status).toBe('ok');
    expect(stderr).toContain('from a timer');
    expect(stderr).toContain('unhandled');
    expect((await kernel.execute('process.exit(3)')).error?.evalue).toContain('would end the kernel');
    expect((await kernel.execute('"alive"')).result).toBe("'alive'");
  });
});

describe('streams', () => {
  it('sends both streams in order, before the result', async () => {
    const { published } = await kernel.execute(
      "console.log('one'); console.error('two'); process.stdout.write(Buffer.from('three')); 4",
    );
    const seen = published.slice(2, -1).map((m) => m.content.text ?? m.content.data['text/plain']);
    expect(seen).toEqual(['one\n', 'two\n', 'three', '4']);
  });

  it('loses no line of 100,000 in one synchronous loop', async () => {
    const { stdout } = await kernel.execute("for (let i = 0; i < 100_000; i++) console.log('line ' + i)", {}, 60_000);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.length).toBe(100_000);
    expect(lines.every((line, i) => line === `line ${i}`)).toBe(true);
  });

  it('loses no line of 5,000 across awaits', async () => {
    const { stdout } = await kernel.execute('for (let i = 0; i < 5000; i++) { console.log(i); await null; }');
    expect(stdout.trimEnd().split('\n').map(Number)).toEqual(Array.from({ length: 5000 }, (_, i) => i));
  });

  it('streams while a synchronous loop runs', async () => {
    const id = kernel.start("console.log('begun'); const until = Date.now() + 1500; while (Date.now() < until);");
    const begun = await kernel.wait((m) => m.parent === id && m.type === 'stream');
    await kernel.finish(id);
    const idle = kernel.received.findLast((m) => m.parent === id)!;
    expect(begun.content.text).toBe('begun\n');
    expect(idle.at - begun.at).toBeGreaterThan(1000);
  });

  it('gives late output to the cell that caused it', async () => {
    const id = kernel.start("setTimeout(() => console.log('from before'), 200);");
    await kernel.finish(id);
    const second = kernel.start('await new Promise(r => setTimeout(r, 400))');
    await kernel.finish(second);
    const late = await kernel.wait((m) => m.type === 'stream' && m.content.text === 'from before\n');
    expect(late.parent).toBe(id);
  });
});

describe('display', () => {
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

  it('shows tensors with shape, type and values', async () => {
    const { result } = await kernel.execute('tf.tensor2d([[1, 2], [3, 4]])');
    expect(result).toMatch(/^Tensor float32 \[2, 2\]/);
    expect(result).toMatch(/\[3, 4\]/);
  });

  it('reports a display that fails as an error', async () => {
    const { error } = await kernel.execute("({ [Symbol.for('Jupyter.display')]() { throw new Error('no picture') } })");
    expect(error?.evalue).toBe('no picture');
  });

  it('updates a display at most ten times a second, the last one always', async () => {
    const { published } = await kernel.execute(
      "const book = (globalThis as any)[Symbol.for('detlab.notebook')];\nfor (let i = 0; i < 100; i++) { book.display({ 'text/plain': 'step ' + i }, { id: 'bar' }); await new Promise(r => setTimeout(r, 5)); }",
    );
    const shown = published.filter((m) => /display_data/.test(m.type));
    expect(shown[0].type).toBe('display_data');
    expect(shown.slice(1).every((m) => m.type === 'update_display_data')).toBe(true);
    expect(new Set(shown.map((m) => m.content.transient.display_id))).toEqual(new Set(['bar']));
    expect(shown.at(-1)!.content.data['text/plain']).toBe('step 99');
    expect(shown.length).toBeGreaterThan(3);
    const seconds = (shown.at(-1)!.at - shown[0].at) / 1000;
    expect(shown.length).toBeLessThanOrEqual(10 * seconds + 3);
  });
});

describe('help while writing', () => {
  it('completes variables and members', async () => {
    await kernel.execute("const longVariableName = { alpha: 1, beta: 'two' };");
    const names = await kernel.request('complete_request', { code: 'longVar', cursor_pos: 7 });
    expect(names).toMatchObject({ status: 'ok', cursor_start: 0, cursor_end: 7 });
    expect(names.matches).toContain('longVariableName');
    const members = await kernel.request('complete_request', { code: "'😀'; longVariableName.", cursor_pos: 22 });
    expect(members.matches).toEqual(expect.arrayContaining(['alpha', 'beta']));
    expect(members.cursor_start).toBe(22);
  });

  it('completes while a cell awaits', async () => {
    const id = kernel.start('await new Promise(r => setTimeout(r, 1500))');
    await kernel.wait((m) => m.parent === id && m.type === 'execute_input');
    const { matches } = await kernel.request('complete_request', { code: 'tf.tensor2', cursor_pos: 10 });
    expect(matches).toContain('tensor2d');
    expect(kernel.received.some((m) => m.parent === id && m.type === 'execute_reply')).toBe(false);
    await kernel.finish(id);
  });

  it('inspects', async () => {
    await kernel.execute('/** Doubles. */\nfunction doubled(n: number) { return 2 * n }');
    const reply = await kernel.request('inspect_request', { code: 'tf.matMul', cursor_pos: 6, detail_level: 0 });
    expect(reply.found).toBe(true);
    expect(reply.data['text/plain']).toContain('matMul');
    expect(await kernel.request('inspect_request', { code: '   ', cursor_pos: 1 })).toMatchObject({ found: false });
  });

  it('remembers what was executed', async () => {
    await kernel.execute('"history one"');
    await kernel.execute('"history two"');
    const tail = await kernel.request('history_request', { hist_access_type: 'tail', n: 2, output: false, raw: true });
    expect(tail.history.map((entry: unknown[]) => entry[2])).toEqual(['"history one"', '"history two"']);
    const search = await kernel.request('history_request', { hist_access_type: 'search', pattern: '*y one*', n: 5 });
    expect(search.history.map((entry: unknown[]) => entry[2])).toEqual(['"history one"']);
  });
});
