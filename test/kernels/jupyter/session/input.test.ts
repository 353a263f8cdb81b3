// `await input()`: asking the user.

import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KernelClient } from '../../../../kernels/jupyter/client';
import { CELL_GLOBALS } from '../../../../kernels/jupyter/session/cell-globals';
import { startKernel } from '../kernels';

let kernel: KernelClient;
beforeAll(async () => {
  kernel = await startKernel();
});
afterAll(() => kernel?.stop());

const start = (code: string) => kernel.start(code, { allow_stdin: true });
const asked = (cell: string, prompt: string) =>
  kernel.wait((m) => m.channel === 'stdin' && m.parent === cell && m.content.prompt === prompt);
const answer = (value: string, to?: { id: string }) =>
  kernel.send('stdin', 'input_reply', { status: 'ok', value }, to ? { parent: JSON.stringify({ msg_id: to.id }) } : {});

it('returns the answer to the cell that asked', async () => {
  const cell = start("const name = await input('Your name? '); 'Hello, ' + name + '!'");
  const question = await asked(cell, 'Your name? ');
  expect(question).toMatchObject({ type: 'input_request', content: { prompt: 'Your name? ', password: false } });
  answer('Ada\u{1F600}', question);
  expect((await kernel.finish(cell)).result).toBe("'Hello, Ada\u{1F600}!'");
});

it('hides passwords, and has an empty prompt', async () => {
  const cell = start("await input('', { password: true })");
  expect((await asked(cell, '')).content.password).toBe(true);
  answer('secret'); // a client that does not name the request
  expect((await kernel.finish(cell)).result).toBe("'secret'");
});

it('asks one question at a time, in order, and prints what came before it first', async () => {
  const cell = start("console.log('before'); const both = await Promise.all([input('one'), input('two')]); both");
  const one = await asked(cell, 'one');
  await kernel.wait((m) => m.parent === cell && m.type === 'stream'); // while nothing is answered yet
  answer('late', { id: 'of an earlier question' });
  answer('first', one);
  const two = await asked(cell, 'two');
  answer('second', two);
  expect((await kernel.finish(cell)).result).toBe("[ 'first', 'second' ]");
});

it('ends the wait when Stop is pressed, and takes no late answer for another question', async () => {
  const cell = start("await input('for ever? ')");
  const question = await asked(cell, 'for ever? ');
  await kernel.request('interrupt_request', {}, 'control');
  expect((await kernel.finish(cell)).error?.ename).toBe('Interrupted');
  answer('too late', question);
  const next = start("await input('next? ')");
  const again = await asked(next, 'next? ');
  answer('too late', question);
  answer('in time', again);
  expect((await kernel.finish(next)).result).toBe("'in time'");
});

it('fails when the front end offers no input', async () => {
  const { error } = await kernel.execute("await input('?')", { allow_stdin: false });
  expect(error).toMatchObject({ ename: 'InputError', evalue: expect.stringContaining('allow_stdin is false') });
  expect(error!.traceback.join('\n')).not.toContain('kernels/jupyter');
});

it('rejects open requests when the cell ends, and requests outside of a cell', async () => {
  const cell = start(
    "input('unanswered').catch((e) => console.log('gone: ' + e.message)); setTimeout(() => input('afterwards').catch((e) => console.log('no: ' + e.message)), 50); 1",
  );
  await asked(cell, 'unanswered');
  await kernel.finish(cell);
  await kernel.wait((m) => m.type === 'stream' && m.content.text.includes('gone: The cell ended'));
  await kernel.wait((m) => m.type === 'stream' && m.content.text.includes('no: Cannot ask for input outside'));
});

it('fails when the user ends the input', async () => {
  const cell = start("await input('more? ')");
  answer('\x04', await asked(cell, 'more? '));
  expect((await kernel.finish(cell)).error).toMatchObject({ ename: 'InputError' });
});

it('fails when the front end offers input and does not listen for it', async () => {
  const deaf = await KernelClient.connect(kernel, { stdin: false });
  try {
    const cell = deaf.start("await input('anybody? ')", { allow_stdin: true });
    expect((await deaf.finish(cell)).error?.evalue).toContain('does not listen');
  } finally {
    await deaf.stop();
  }
});

describe('the declaration for the compiler', () => {
  const cells: [code: string, errors: string[]][] = [
    ["const a: string = await input('a', { password: true }); await input();", []],
    ['input(3);', ["Argument of type 'number' is not assignable to parameter of type 'string'."]],
    ['const input = 5; const n: number = input;', []],
  ];
  const texts = new Map([
    ['globals.d.ts', CELL_GLOBALS],
    ...cells.map(([code], i) => [`cell${i}.ts`, `${code}\nexport {};`] as const),
  ]);
  let program: ts.Program;
  beforeAll(() => {
    const options = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, noEmit: true, types: [] };
    const host = ts.createCompilerHost(options);
    const { getSourceFile } = host;
    host.getSourceFile = (name, ...more) =>
      texts.has(name)
        ? ts.createSourceFile(name, texts.get(name)!, ts.ScriptTarget.ES2022)
        : getSourceFile.call(host, name, ...more);
    program = ts.createProgram([...texts.keys()], options, host);
  });

  const errorsOf = (name: string) =>
    [
      ...program.getSyntacticDiagnostics(program.getSourceFile(name)),
      ...program.getSemanticDiagnostics(program.getSourceFile(name)),
    ].map(({ messageText }) => messageText);

  it('has no errors', () => expect(errorsOf('globals.d.ts')).toEqual([]));

  it.each(cells)('checks: %s', (code, errors) => {
    expect(errorsOf(`cell${cells.findIndex(([each]) => each === code)}.ts`)).toEqual(errors);
  });
});

it('may be redeclared by a cell', async () => {
  expect((await kernel.execute('const input = 5; input + 1')).result).toBe('6');
  expect((await kernel.execute('typeof (globalThis as any).input')).result).toBe("'function'");
});
