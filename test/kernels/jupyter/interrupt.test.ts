// Stop stops work: within a second, and three where it takes force.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KernelClient } from './kernel-client';

let kernel: KernelClient;
beforeAll(async () => {
  kernel = await KernelClient.start();
  await kernel.execute("const kept = 'still here'; const sleep = (ms: number) => new Promise(r => setTimeout(r, ms));");
});
afterAll(() => kernel?.stop());

/** Runs code, presses Stop once it has printed something, and says how it ended and how long that took. */
async function stopped(code: string) {
  const id = kernel.start(code);
  await kernel.wait((m) => m.parent === id && m.type === 'stream');
  const pressed = Date.now();
  expect((await kernel.request('interrupt_request', {}, 'control')).status).toBe('ok');
  const end = await kernel.finish(id);
  return { ...end, took: Date.now() - pressed };
}

const isAlive = async () => expect((await kernel.execute('kept')).result).toBe("'still here'");

describe('interrupt', () => {
  it('does nothing when nothing runs', async () => {
    await kernel.request('interrupt_request', {}, 'control');
    await isAlive();
  });

  it('ends a synchronous loop', async () => {
    const { error, took } = await stopped("console.log('go'); const reached = 5; for (;;);");
    expect(error?.ename).toBe('Interrupted');
    expect(took).toBeLessThan(1000);
    expect((await kernel.execute('reached')).result).toBe('5');
    await isAlive();
  });

  it('ends the wait for a promise left as the last expression, which is otherwise shown as what it brings', async () => {
    expect((await kernel.execute('sleep(20).then(() => 42)')).result).toBe('42');
    expect((await kernel.execute("Promise.reject(new RangeError('no'))")).error?.ename).toBe('RangeError');
    const { error, took } = await stopped("console.log('go'); sleep(60_000)");
    expect(error?.ename).toBe('Interrupted');
    expect(took).toBeLessThan(1500);
    await isAlive();
  });

  it('ends an await loop, and leaves nothing running', async () => {
    const { error, took } = await stopped(
      "console.log('go'); let ticks = 0; for (;;) { await sleep(10); (globalThis as any).ticks = ++ticks; }",
    );
    expect(error?.ename).toBe('Interrupted');
    expect(took).toBeLessThan(1000);
    const { result } = await kernel.execute(
      'const before = (globalThis as any).ticks; await sleep(200); (globalThis as any).ticks - before',
    );
    expect(result).toBe('0');
  });

  it('ends the wait for something that never comes', async () => {
    const { error, took } = await stopped("console.log('go'); await new Promise(() => {});");
    expect(error?.ename).toBe('Interrupted');
    expect(took).toBeLessThan(1000);
    await isAlive();
  });

  it.each([
    ['after an await', "await sleep(50); console.log('go'); for (;;);"],
    ['in a timer', "setTimeout(() => { console.log('go'); for (;;); }, 20); await new Promise(() => {});"],
    [
      'in a promise of a promise',
      "await (async () => { await null; await sleep(5); console.log('go'); for (;;); })();",
    ],
  ])('ends a synchronous loop %s, by force', async (_, code) => {
    const { error, took } = await stopped(code);
    expect(error?.ename).toBe('Interrupted');
    expect(took).toBeLessThan(3500);
    expect((await kernel.execute('await sleep(20); "timers work"')).result).toBe("'timers work'");
    await isAlive();
  });

  it('lets work that honours the signal end by itself, and keeps what it returns', async () => {
    const { error, reply, took } = await stopped(`
      async function fit() {
        const { signal } = (globalThis as any)[Symbol.for('detlab.notebook')];
        console.log('training');
        let steps = 0;
        while (!signal.aborted) { steps++; await sleep(5); }
        await sleep(300); // a checkpoint
        return { steps };
      }
      const run = await fit();
      const model = 'kept';
    `);
    expect(error).toBeUndefined();
    expect(reply.status).toBe('ok');
    expect(took).toBeLessThan(1000);
    expect((await kernel.execute('[run.steps > 0, model]')).result).toBe("[ true, 'kept' ]");
  });

  it('passes the reason on to what takes a signal, such as timers/promises', async () => {
    const { error, took } = await stopped(
      "import { setTimeout as wait } from 'node:timers/promises';\nconst signal = (globalThis as any)[Symbol.for('detlab.notebook')].signal;\nconsole.log('go');\nawait wait(60_000, null, { signal });",
    );
    expect(error?.ename).toMatch(/AbortError|Interrupted/);
    expect(took).toBeLessThan(1000);
  });

  it('cuts off at the second press', async () => {
    const id = kernel.start(
      "const s = (globalThis as any)[Symbol.for('detlab.notebook')].signal; console.log('go'); await new Promise(() => {});",
    );
    await kernel.wait((m) => m.parent === id && m.type === 'stream');
    await kernel.request('interrupt_request', {}, 'control');
    const again = Date.now();
    await kernel.request('interrupt_request', {}, 'control');
    expect((await kernel.finish(id)).error?.ename).toBe('Interrupted');
    expect(Date.now() - again).toBeLessThan(1000);
  });

  it('aborts the cells queued behind, and no later one', async () => {
    const first = kernel.start("console.log('go'); await new Promise(() => {});");
    const second = kernel.start('2');
    await kernel.wait((m) => m.parent === first && m.type === 'stream');
    await kernel.request('interrupt_request', {}, 'control');
    await kernel.finish(first);
    expect((await kernel.finish(second)).reply.status).toBe('aborted');
    await isAlive();
  });
});

describe('shutdown', () => {
  it('ends the process, also in the middle of an endless loop', async () => {
    const id = kernel.start("console.log('go'); for (;;);");
    await kernel.wait((m) => m.parent === id && m.type === 'stream');
    const gone = new Promise((resolve) => kernel.process.once('exit', resolve));
    kernel.send('control', 'shutdown_request', { restart: false });
    expect((await kernel.wait((m) => m.type === 'shutdown_reply' && m.channel === 'control')).content).toEqual({
      status: 'ok',
      restart: false,
    });
    await gone;
  });

  it('sends what was printed before it ends an idle kernel, with exit code 0', async () => {
    const other = await KernelClient.start();
    try {
      await other.execute('1');
      const gone = new Promise((resolve) => other.process.once('exit', resolve));
      other.send('control', 'shutdown_request', { restart: true });
      expect(await gone).toBe(0);
    } finally {
      await other.stop();
    }
  });
});
