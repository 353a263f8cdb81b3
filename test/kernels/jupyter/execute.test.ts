// execute_request in its less common forms, clear_output and pages, and requests answered while a cell is busy.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KernelClient } from './kernel-client';

let kernel: KernelClient;
beforeAll(async () => {
  kernel = await KernelClient.start();
  await kernel.execute("const book = (globalThis as any)[Symbol.for('detlab.notebook')];");
});
afterAll(() => kernel?.stop());

describe('silent', () => {
  it('shows nothing at all, not even what is printed, and tells errors in the reply only', async () => {
    const quiet = await kernel.execute(
      "console.log('heard'); console.error('heard'); book.display({ 'text/plain': 'seen' }); book.clearOutput(); 5",
      { silent: true },
    );
    expect(quiet.types).toEqual(['status', 'status']);
    const failing = await kernel.execute("throw new RangeError('told')", { silent: true });
    expect(failing.types).toEqual(['status', 'status']);
    expect(failing.reply).toMatchObject({ status: 'error', ename: 'RangeError', evalue: 'told' });
  });

  it('does its work, and its failure aborts no other cell', async () => {
    await kernel.execute('let hidden = 3;', { silent: true });
    const failing = kernel.start("await null; throw new Error('no')", { silent: true });
    const next = kernel.start('hidden');
    await kernel.finish(failing);
    expect((await kernel.finish(next)).result).toBe('3');
  });
});

describe('user_expressions', () => {
  it('are rich bundles, after the cell has run, and errors in the form of errors', async () => {
    const { reply } = await kernel.execute('const seven = 7;', {
      user_expressions: {
        rich: "({ [Symbol.for('Jupyter.display')]: () => ({ 'text/html': '<i>' + seven + '</i>' }) })",
        awaited: 'await Promise.resolve(seven + 1)',
        failing: "(() => { throw new RangeError('far') })()",
        wrong: 3,
      },
    });
    expect(reply.status).toBe('ok');
    expect(reply.user_expressions).toMatchObject({
      rich: { status: 'ok', data: { 'text/html': '<i>7</i>' }, metadata: {} },
      awaited: { status: 'ok', data: { 'text/plain': '8' }, metadata: {} },
      failing: {
        status: 'error',
        ename: 'RangeError',
        evalue: 'far',
        traceback: expect.arrayContaining(['RangeError: far']),
      },
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

describe('a failed cell', () => {
  it('aborts only what was queued before it failed', async () => {
    const failing = kernel.start("await new Promise(r => setTimeout(r, 100)); throw new Error('first')");
    const queued = kernel.start("console.log('never')");
    expect((await kernel.finish(failing)).reply).toMatchObject({
      status: 'error',
      execution_count: expect.any(Number),
    });
    const later = kernel.start("'later'"); // at once, with no time between
    const aborted = await kernel.finish(queued);
    expect(aborted.reply.status).toBe('aborted');
    expect(aborted.stdout).toBe('');
    expect((await kernel.finish(later)).result).toBe("'later'");
  });

  it('is an error also when the thrown value cannot be inspected', async () => {
    const { reply, error } = await kernel.execute("throw { get message() { throw new Error('hidden') } };");
    expect(reply.status).toBe('error');
    expect(error?.evalue).toContain('cannot be inspected');
    expect((await kernel.execute("'next'")).result).toBe("'next'");
  });

  it('is told when it has no code', async () => {
    const { reply, types } = await kernel.finish(kernel.send('shell', 'execute_request', { silent: false }));
    expect(reply).toMatchObject({ status: 'error', ename: 'ProtocolError' });
    expect(types).toEqual(['status', 'status']);
  });
});

describe('the reply', () => {
  it('says when the cell started, for front ends that show times', async () => {
    const { metadata } = await kernel.execute('1');
    expect(Math.abs(Date.parse(String(metadata.started)) - Date.now())).toBeLessThan(60_000);
  });

  it('hands over pages', async () => {
    const { reply, types } = await kernel.execute(
      "book.page('long text'); book.page({ 'text/html': '<p>x</p>', 'text/plain': 'x' });",
    );
    expect(types).toEqual(['status', 'execute_input', 'status']);
    expect(reply.payload).toEqual([
      { source: 'page', start: 0, data: { 'text/plain': 'long text' } },
      { source: 'page', start: 0, data: { 'text/html': '<p>x</p>', 'text/plain': 'x' } },
    ]);
    expect((await kernel.execute('1')).reply.payload).toEqual([]);
  });
});

describe('clear_output', () => {
  it('comes between what was before and after it', async () => {
    const { published } = await kernel.execute(
      "console.log('old'); book.clearOutput({ wait: true }); console.log('new'); book.clearOutput();",
    );
    const seen = published.slice(2, -1).map((m) => m.content.text ?? m.content.wait);
    expect(seen).toEqual(['old\n', true, 'new\n', false]);
  });
});

describe('while a cell keeps the thread busy', () => {
  it('answers kernel_info and connect on both channels, and stays busy', async () => {
    const cell = kernel.start("console.log('go'); const until = Date.now() + 1500; while (Date.now() < until);");
    await kernel.wait((m) => m.parent === cell && m.type === 'stream');
    for (const channel of ['control', 'shell'] as const) {
      const info = await kernel.request('kernel_info_request', {}, channel);
      expect(info).toMatchObject({ status: 'ok', protocol_version: '5.4', implementation: 'detlab' });
      const [shell_port, iopub_port, stdin_port, control_port, hb_port] = kernel.ports;
      expect(await kernel.request('connect_request', {}, channel)).toEqual({
        status: 'ok',
        shell_port,
        iopub_port,
        stdin_port,
        control_port,
        hb_port,
      });
    }
    expect(kernel.received.some((m) => m.parent === cell && m.type === 'execute_reply')).toBe(false);
    // behind the last idle of the answers the cell is told to be busy again
    const idle = kernel.received.findLastIndex((m) => m.content.execution_state === 'idle');
    expect(kernel.received[idle].parent).not.toBe(cell);
    await kernel.wait(
      (m) => m.parent === cell && m.content.execution_state === 'busy' && kernel.received.indexOf(m) > idle,
    );
    await kernel.finish(cell);
  });

  it('welcomes each new front end', async () => {
    const other = await KernelClient.connect(kernel, { stdin: true });
    try {
      const welcome = await other.wait((m) => m.type === 'iopub_welcome');
      expect(welcome).toMatchObject({ content: { subscription: '' }, parent: '' });
      const id = other.start("'seen by both'");
      await other.finish(id);
      await kernel.wait((m) => m.parent === id && m.type === 'execute_result');
    } finally {
      await other.stop();
    }
  });
});
