// Comms in both directions, as widgets use them.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KernelClient, Received } from '../../../../kernels/jupyter/client';
import { startKernel } from '../kernels';

let kernel: KernelClient;
beforeAll(async () => {
  kernel = await startKernel(
    "const book = (globalThis as any)[Symbol.for('detlab.notebook')]; const log: any[] = []; const sleep = (ms: number) => new Promise((r) => setTimeout(r, ms));",
  );
});
afterAll(() => kernel?.stop());

const open = (target: string, comm_id: string, data = {}, more = {}) =>
  kernel.send('shell', 'comm_open', { comm_id, target_name: target, data }, more);
const message = (comm_id: string, data = {}, more = {}) => kernel.send('shell', 'comm_msg', { comm_id, data }, more);
const idleOf = (id: string) =>
  kernel.wait((m) => m.parent === id && m.type === 'status' && m.content.execution_state === 'idle');
const sentFor = (id: string) => kernel.received.filter((m) => m.channel === 'iopub' && m.parent === id);
const typesOf = (messages: Received[]) =>
  messages.map((m) => (m.type === 'status' ? (m.content.execution_state as string) : m.type));

describe('a comm the front end opens', () => {
  it('reaches its target, with data, metadata and buffers, and answers as the child of what it answers', async () => {
    await kernel.execute(`book.comms.registerTarget('echo', (comm: any, first: any) => {
      comm.send({ opened: first.data });
      comm.onMessage(({ data, metadata, buffers }: any) =>
        comm.send({ data, sizes: buffers.map((b: Uint8Array) => b.length) }, { metadata, buffers: buffers.map((b: Uint8Array) => b.reverse()) }));
      comm.onClose(({ data }: any) => void log.push(['closed', data, comm.closed]));
    });`);
    const opening = open('echo', 'c1', { a: [1, null] });
    await idleOf(opening);
    const [, hello] = sentFor(opening);
    expect(typesOf(sentFor(opening))).toEqual(['busy', 'comm_msg', 'idle']);
    expect(hello.content).toEqual({ comm_id: 'c1', data: { opened: { a: [1, null] } } });

    const buffers = [Buffer.from([1, 2, 3]), Buffer.alloc(0), Buffer.alloc(300_000, 7)];
    const asking = message('c1', { text: 'ü😀' }, { metadata: { m: 1 }, buffers });
    await idleOf(asking);
    const [, answer] = sentFor(asking);
    expect(answer).toMatchObject({
      type: 'comm_msg',
      metadata: { m: 1 },
      content: { data: { data: { text: 'ü😀' }, sizes: [3, 0, 300_000] } },
    });
    expect(answer.buffers.map((b) => b.length)).toEqual([3, 0, 300_000]);
    expect([...answer.buffers[0]]).toEqual([3, 2, 1]);

    const { comms } = await kernel.request('comm_info_request', {});
    expect(comms).toEqual({ c1: { target_name: 'echo' } });
    expect((await kernel.request('comm_info_request', { target_name: 'other' })).comms).toEqual({});
    expect((await kernel.request('comm_info_request', { target_name: 'echo' })).comms).toEqual(comms);

    await idleOf(kernel.send('shell', 'comm_close', { comm_id: 'c1', data: { why: 'done' } }));
    expect((await kernel.execute('log')).result).toBe("[ [ 'closed', { why: 'done' }, true ] ]");
    expect((await kernel.request('comm_info_request', {})).comms).toEqual({});
  });

  it('is closed when its target is unknown or fails', async () => {
    const unknown = open('nobody', 'c2');
    await idleOf(unknown);
    expect(typesOf(sentFor(unknown))).toEqual(['busy', 'comm_close', 'idle']);
    await kernel.execute("book.comms.registerTarget('broken', () => { throw new RangeError('not today') })");
    const broken = open('broken', 'c3');
    await kernel.wait((m) => m.parent === broken && m.type === 'comm_close');
    const printed = await kernel.wait((m) => m.parent === broken && m.type === 'stream');
    expect(printed.content).toMatchObject({ name: 'stderr', text: expect.stringContaining('RangeError: not today') });
    expect((await kernel.request('comm_info_request', {})).comms).toEqual({});
  });

  it('waits for a cell sent before it that registers its target', async () => {
    const cell = kernel.start(
      "await sleep(200); book.comms.registerTarget('late', (comm: any) => comm.send({ here: 1 }))",
    );
    const opening = open('late', 'c4');
    const saying = message('c4');
    await kernel.finish(cell);
    await idleOf(opening);
    await idleOf(saying);
    expect(typesOf(sentFor(opening))).toEqual(['busy', 'comm_msg', 'idle']);
  });

  it('is handled while a cell awaits, which then goes on', async () => {
    const cell = kernel.start(
      "const got = new Promise((r) => book.comms.registerTarget('midway', (comm: any, { data }: any) => { console.log('in handler'); r(data.n) })); await got",
    );
    await kernel.wait((m) => m.parent === cell && m.type === 'execute_input');
    const opening = open('midway', 'c5', { n: 42 });
    expect((await kernel.finish(cell)).result).toBe('42');
    await idleOf(opening);
    const printed = await kernel.wait((m) => m.type === 'stream' && m.content.text === 'in handler\n');
    expect(printed.parent).toBe(opening);
    const last = kernel.received.filter((m) => m.type === 'status' && [cell, opening].includes(m.parent)).at(-1)!;
    expect([last.parent, last.content.execution_state]).toEqual([cell, 'idle']);
  });

  it('prints what a handler throws, now or later, and goes on', async () => {
    await kernel.execute(`book.comms.registerTarget('fails', (comm: any) => {
      comm.onMessage(async ({ data }: any) => { if (data.late) await sleep(20); if (data.fail) throw new Error('handler ' + data.fail); comm.send({ fine: true }) });
    });`);
    await idleOf(open('fails', 'c6'));
    for (const data of [{ fail: 'now' }, { fail: 'later', late: true }]) {
      const id = message('c6', data);
      await idleOf(id);
      const printed = await kernel.wait((m) => m.parent === id && m.type === 'stream');
      expect(printed.content.text).toContain(`handler ${data.fail}`);
    }
    const id = message('c6', { late: true });
    await idleOf(id);
    expect(typesOf(sentFor(id))).toEqual(['busy', 'comm_msg', 'idle']);
  });

  it('ignores messages for unknown comms, and ids already in use', async () => {
    await idleOf(message('never opened'));
    await idleOf(open('echo', 'c7'));
    const again = open('echo', 'c7');
    await idleOf(again);
    expect(typesOf(sentFor(again))).toEqual(['busy', 'idle']);
  });

  it.each([
    ['awaits', "async () => { console.log('round'); for (;;) await sleep(10); }"],
    ['holds the thread', "() => { console.log('round'); for (;;); }"],
  ])('is stopped by Stop when its handler does not end and %s', async (_, handler) => {
    await kernel.execute(`book.comms.registerTarget('endless', ${handler})`);
    const opening = open('endless', `c8 ${handler}`);
    await kernel.wait((m) => m.parent === opening && m.type === 'stream');
    await kernel.request('interrupt_request', {}, 'control');
    await idleOf(opening);
    expect((await kernel.execute('1 + 1')).result).toBe('2');
  });
});

describe('a comm a cell opens', () => {
  it('sends, receives and closes', async () => {
    const opening = await kernel.execute(
      "const mine = book.comms.open('front', { hello: 1 }, { metadata: { v: 2 }, buffers: [new Float32Array([1]), new ArrayBuffer(2)] }); mine.onMessage(({ data }: any) => void log.push(data)); mine.id",
    );
    const opened = opening.published.find((m) => m.type === 'comm_open')!;
    const id = opened.content.comm_id;
    expect(opening.result).toBe(`'${id}'`);
    expect(opened).toMatchObject({ content: { target_name: 'front', data: { hello: 1 } }, metadata: { v: 2 } });
    expect(opened.buffers.map((b) => b.length)).toEqual([4, 2]);
    expect((await kernel.request('comm_info_request', { target_name: 'front' })).comms).toEqual({
      [id]: { target_name: 'front' },
    });
    await idleOf(message(id, { from: 'front end' }));
    expect((await kernel.execute('log.at(-1)')).result).toBe("{ from: 'front end' }");
    const closing = await kernel.execute('mine.close({ bye: 1 }); mine.close(); mine.send({})');
    expect(closing.published.filter((m) => m.type === 'comm_close').map((m) => m.content)).toEqual([
      { comm_id: id, data: { bye: 1 } },
    ]);
    expect(closing.error?.evalue).toContain('it is closed');
  });

  it('copies its data, and rejects data that is not JSON', async () => {
    const { published } = await kernel.execute(
      "const bytes = new Uint8Array([5, 6, 7]); const other = book.comms.open('front'); other.send({}, { buffers: [bytes.subarray(1)] }); bytes.fill(0); bytes.length",
    );
    expect([...published.find((m) => m.type === 'comm_msg')!.buffers[0]]).toEqual([6, 7]);
    const evalue = async (code: string) => (await kernel.execute(code)).error?.evalue;
    expect(await evalue('other.send(3)')).toContain('expected an object, received 3');
    expect(await evalue('other.send({ n: 10n })')).toContain('cannot be written as JSON');
    expect(await evalue("other.send({}, { buffers: ['text'] })")).toContain(
      "expected ArrayBuffers or views of them, received 'text'",
    );
    expect(await evalue("book.comms.registerTarget('x', 3)")).toContain('expected a function');
  });

  it('is slowed down when it sends faster than the front end reads, and loses nothing', async () => {
    const { published } = await kernel.execute(
      "const many = book.comms.open('front'); for (let i = 0; i < 100; i++) many.send({ i }, { buffers: [new Uint8Array(1 << 20)] });",
      {},
      60_000,
    );
    const sent = published.filter((m) => m.type === 'comm_msg');
    expect(sent.map((m) => m.content.data.i)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    for (const each of sent) each.buffers.length = 0;
  });
});
