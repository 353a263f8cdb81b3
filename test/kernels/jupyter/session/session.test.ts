// Requests other than execute, and what cells reach through the notebook object.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KernelClient } from '../../../../kernels/jupyter/client';
import { Flag, firstOutput, startKernel } from '../kernels';

let kernel: KernelClient;
beforeAll(async () => {
  kernel = await startKernel("const book = (globalThis as any)[Symbol.for('detlab.notebook')];");
});
afterAll(() => kernel?.stop());

describe('small requests', () => {
  it('describes itself', async () => {
    const reply = await kernel.request('kernel_info_request', {});
    expect(reply).toMatchObject({ status: 'ok', protocol_version: '5.4', implementation: 'detlab' });
    expect(reply.language_info).toMatchObject({ name: 'typescript', file_extension: '.ts' });
  });

  it('answers the heartbeat', async () => {
    expect(await kernel.beat('ping')).toBe('ping');
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
  ])('reports whether %j is complete', async (code, status) => {
    expect((await kernel.request('is_complete_request', { code })).status).toBe(status);
  });
});

describe('history', () => {
  const request = async (content: object) =>
    (await kernel.request('history_request', { output: false, raw: true, ...content })).history;
  const tail = (n: number, output = true) => request({ hist_access_type: 'tail', n, output });

  it('has what was executed', async () => {
    await kernel.execute('"history one"');
    await kernel.execute('"history two"');
    const inputs = (entries: unknown[][]) => entries.map(([, , input]) => input);
    expect(inputs(await tail(2, false))).toEqual(['"history one"', '"history two"']);
    expect(inputs(await request({ hist_access_type: 'search', pattern: '*y one*', n: 5 }))).toEqual(['"history one"']);
  });

  it('counts and contains stored cells only', async () => {
    const first = await kernel.execute('20 + 1');
    const count = first.reply.execution_count;
    expect(first.published.find((m) => m.type === 'execute_input')!.content.execution_count).toBe(count);
    for (const options of [{ store_history: false }, { silent: true }, { silent: true, store_history: true }]) {
      expect((await kernel.execute('1000', options)).reply.execution_count).toBe(count);
    }
    expect((await kernel.execute('  \n')).reply).toMatchObject({ status: 'ok', execution_count: count });
    expect((await kernel.execute("console.log('not a result')")).reply.execution_count).toBe(count + 1);
    expect((await kernel.execute("throw new Error('counted')")).reply.execution_count).toBe(count + 2);
    expect(await tail(3)).toEqual([
      [0, count, ['20 + 1', '21']],
      [0, count + 1, ["console.log('not a result')", null]],
      [0, count + 2, ["throw new Error('counted')", null]],
    ]);
    expect(await tail(1, false)).toEqual([[0, count + 2, "throw new Error('counted')"]]);
  });
});

describe('the notebook object', () => {
  it('updates a display at most ten times a second, the last content always', async () => {
    const { published } = await kernel.execute(
      "for (let i = 0; i < 100; i++) { book.display({ 'text/plain': 'step ' + i }, { id: 'bar' }); await new Promise(r => setTimeout(r, 5)); }",
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

  it('clears output between earlier and later output', async () => {
    const { published } = await kernel.execute(
      "console.log('old'); book.clearOutput({ wait: true }); console.log('new'); book.clearOutput();",
    );
    const seen = published.slice(2, -1).map((m) => m.content.text ?? m.content.wait);
    expect(seen).toEqual(['old\n', true, 'new\n', false]);
  });

  it('adds pages to the reply', async () => {
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

describe('while a cell keeps the thread busy', () => {
  it('answers kernel_info and connect on both channels, and stays busy', async () => {
    const flag = new Flag(kernel);
    const cell = kernel.start(`console.log('go'); ${flag.busyLoop}`);
    await firstOutput(kernel, cell);
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
    // after the last idle status of the answers, the cell's status is busy again
    const idle = kernel.received.findLastIndex((m) => m.content.execution_state === 'idle');
    expect(kernel.received[idle].parent).not.toBe(cell);
    await kernel.wait(
      (m) => m.parent === cell && m.content.execution_state === 'busy' && kernel.received.indexOf(m) > idle,
    );
    flag.raise();
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

  it('welcomes a front end before anything else reaches it, in the middle of output', async () => {
    const flag = new Flag(kernel);
    const cell = kernel.start(`setInterval(() => console.log('more'), 1); ${flag.awaitLoop}`);
    await kernel.wait((m) => m.parent === cell && m.type === 'stream');
    for (let i = 0; i < 5; i++) {
      const other = await KernelClient.connect(kernel, { stdin: false });
      try {
        await other.wait((m) => m.type === 'stream');
        expect(other.received.find((m) => m.channel === 'iopub')?.type).toBe('iopub_welcome');
      } finally {
        await other.stop();
      }
    }
    flag.raise();
    await kernel.finish(cell);
  });
});
