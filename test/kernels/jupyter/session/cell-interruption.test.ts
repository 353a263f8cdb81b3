// Stop stops the code of a cell: within a second, and three where it takes force. What a cell has started:
// interruption/cell-resources.test.ts; work that uses the signal: stop-signal.test.ts. The tests wait most of the time, and run
// concurrently in a few kernels.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KernelClient } from '../../../../kernels/jupyter/client';
import { allowed, firstOutput, interrupt, KernelPool, startKernel } from '../kernels';

const DECLARATIONS = `
const kept = 'still here';
const world = globalThis as any;
const sleep = (ms: number) => new Promise((r) => setTimeout(r, ms));`;

let pool: KernelPool;
beforeAll(async () => {
  pool = await KernelPool.start(3, () => startKernel(DECLARATIONS));
});
afterAll(() => pool?.stop());

async function expectAlive(kernel: KernelClient) {
  expect((await kernel.execute('kept')).result).toBe("'still here'");
  expect((await kernel.execute("await sleep(20); 'timers work'")).result).toBe("'timers work'");
}

describe.concurrent('Stop', () => {
  it('does nothing when nothing runs', () =>
    pool.use(async (kernel) => {
      await kernel.request('interrupt_request', {}, 'control');
      await expectAlive(kernel);
    }));

  it('ends a synchronous loop, and keeps what the cell has declared', () =>
    pool.use(async (kernel) => {
      const { error, took } = await interrupt(kernel, "console.log('go'); const reached = 5; for (;;);");
      expect(error?.ename).toBe('Interrupted');
      expect(took).toBeLessThan(allowed(1000));
      expect((await kernel.execute('reached')).result).toBe('5');
      await expectAlive(kernel);
    }));

  it('ends the wait for a promise left as the last expression, which is otherwise shown as what it resolves to', () =>
    pool.use(async (kernel) => {
      expect((await kernel.execute('sleep(20).then(() => 42)')).result).toBe('42');
      expect((await kernel.execute("Promise.reject(new RangeError('no'))")).error?.ename).toBe('RangeError');
      const { error, took } = await interrupt(kernel, "console.log('go'); sleep(60_000)");
      expect(error?.ename).toBe('Interrupted');
      expect(took).toBeLessThan(allowed(1500));
      await expectAlive(kernel);
    }));

  it('ends an await loop, and leaves nothing running', () =>
    pool.use(async (kernel) => {
      const { error, took } = await interrupt(
        kernel,
        "world.ticks = 0; console.log('go'); for (;;) { await sleep(10); world.ticks++; }",
      );
      expect(error?.ename).toBe('Interrupted');
      expect(took).toBeLessThan(allowed(1000));
      const { result } = await kernel.execute('const before = world.ticks; await sleep(100); world.ticks - before');
      expect(result).toBe('0');
    }));

  it('ends the wait for a promise that never settles', () =>
    pool.use(async (kernel) => {
      const { error, took } = await interrupt(kernel, "console.log('go'); await new Promise(() => {});");
      expect(error?.ename).toBe('Interrupted');
      expect(took).toBeLessThan(allowed(1000));
      await expectAlive(kernel);
    }));

  it('ends the wait for a display that never settles', () =>
    pool.use(async (kernel) => {
      const { error, took } = await interrupt(
        kernel,
        "({ [Symbol.for('Jupyter.display')]() { console.log('go'); return new Promise(() => {}); } })",
      );
      expect(error?.ename).toBe('Interrupted');
      expect(took).toBeLessThan(allowed(1500));
      await expectAlive(kernel);
    }));

  it.each([
    ['a synchronous loop after an await', "await sleep(50); console.log('go'); for (;;);"],
    [
      'a synchronous loop in a timer',
      "setTimeout(() => { console.log('go'); for (;;); }, 20); await new Promise(() => {});",
    ],
    [
      'a synchronous loop in a promise of a promise',
      "await (async () => { await null; await sleep(5); console.log('go'); for (;;); })();",
    ],
    ['a loop of microtasks', "console.log('go'); while (true) await Promise.resolve();"],
    ['a loop of microtasks in a function', "console.log('go'); await (async () => { for (;;) await null; })();"],
    [
      'a loop of queueMicrotask',
      "console.log('go'); const again = () => queueMicrotask(again); await sleep(20); again(); await sleep(60_000)",
    ],
    [
      'a loop of nextTick',
      "console.log('go'); const next = () => { process.nextTick(next); }; await sleep(20); next(); await sleep(60_000)",
    ],
    [
      'a loop of setImmediate',
      "console.log('go'); const turn = () => { setImmediate(turn); }; turn(); await sleep(60_000)",
    ],
    [
      'a loop over an endless async generator',
      "async function* numbers() { for (let i = 0; ; i++) yield i; }\nconsole.log('go'); for await (const n of numbers()) { void n; }",
    ],
    [
      'a loop over an endless generator',
      "function* endless() { for (let i = 0; ; i++) yield i; }\nconsole.log('go'); for (const n of endless()) void n;",
    ],
    ['a loop that catches what stops it', "console.log('go'); for (;;) { try { for (;;); } catch {} finally { } }"],
    [
      'a loop that catches what stops its awaits',
      "console.log('go'); for (;;) { try { await null; } catch {} finally { } }",
    ],
    ['Atomics.wait', "console.log('go'); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);"],
    ['a loop of a cell that takes SIGINT itself', "process.on('SIGINT', () => {}); console.log('go'); for (;;);"],
    [
      'a loop of a cell that takes SIGINT once, before all others',
      "process.prependOnceListener('SIGINT', () => {}); console.log('go'); for (;;);",
    ],
    [
      'a loop of a cell that takes SIGINT and lets it go again',
      "const taken = () => {}; process.on('SIGINT', taken); process.off('SIGINT', taken); console.log('go'); for (;;);",
    ],
    [
      'a loop of a cell that removes all SIGINT listeners',
      "process.removeAllListeners('SIGINT'); console.log('go'); for (;;);",
    ],
    [
      'a loop of a cell that removes all listeners of the process',
      "process.removeAllListeners(); console.log('go'); for (;;);",
    ],
    [
      'a wait for a worker thread that does not answer',
      `import { Worker } from 'node:worker_threads';
       const flag = new Int32Array(new SharedArrayBuffer(4));
       new Worker('for (;;);', { eval: true });
       console.log('go'); Atomics.wait(flag, 0, 0);`,
    ],
    ['a regular expression that does not end', "console.log('go'); /^(a+)+$/.test('a'.repeat(60) + 'b');"],
    ['a display that does not end', "({ [Symbol.for('Jupyter.display')]() { console.log('go'); for (;;); } })"],
    [
      'a display that does not end, after an await',
      "({ async [Symbol.for('Jupyter.display')]() { await sleep(5); console.log('go'); for (;;); } })",
    ],
    [
      'an error whose message does not end',
      "throw Object.defineProperty(new Error('x'), 'message', { get() { console.log('go'); for (;;); } });",
    ],
    [
      'a loop that begins after Stop, in a timer',
      "setTimeout(() => { for (;;); }, 300); console.log('go'); for (;;) try { await sleep(5); } catch {}",
    ],
    [
      'Atomics.wait after an await',
      "await sleep(5); console.log('go'); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);",
    ],
  ])('ends %s, if need be by force', (_, code) =>
    pool.use(async (kernel) => {
      const { error, took } = await interrupt(kernel, code);
      expect(error?.ename).toBe('Interrupted');
      expect(took).toBeLessThan(allowed(3000));
      await expectAlive(kernel);
    }),
  );

  it.each([
    ['its own', '(_: Error, calls: unknown) => calls', ''],
    ['none', '() => { throw 1; }', 'await sleep(5);'],
  ])('ends a loop of a cell whose stack traces are %s', (_, prepare, before) =>
    pool.use(async (kernel) => {
      const loop = `Error.prepareStackTrace = ${prepare}; ${before} console.log('go'); for (;;);`;
      const { error, took } = await interrupt(kernel, loop);
      await kernel.execute('Error.prepareStackTrace = undefined;');
      expect(error?.ename).toBe('Interrupted');
      expect(took).toBeLessThan(allowed(3000));
      await expectAlive(kernel);
    }),
  );

  it('frees what a terminated tf.tidy and tf.variableGrads have made, and gradients work afterwards', () =>
    pool.use(async (kernel) => {
      await kernel.execute('const two = tf.variable(tf.scalar(2)); const before = tf.memory().numTensors;');
      const inTidy = await interrupt(kernel, "tf.tidy(() => { console.log('go'); for (;;) two.add(1); })");
      expect(inTidy.took).toBeLessThan(allowed(3000));
      const inGradient =
        "tf.variableGrads(() => { console.log('go'); for (let y = two.mul(1) as tf.Scalar; ; ) y = y.add(1); }, [two])";
      expect((await interrupt(kernel, inGradient)).took).toBeLessThan(allowed(3000));
      const { result } = await kernel.execute(
        `const { value, grads } = tf.variableGrads(() => two.square() as tf.Scalar, [two]);
         const [y, dy] = [value.dataSync()[0], grads[two.name].dataSync()[0]];
         tf.dispose([value, ...Object.values(grads)]);
         // of some hundred thousand, one may be cut off while it is made
         [tf.memory().numTensors - before < 5, y, dy]`,
      );
      expect(result).toBe('[ true, 4, 4 ]');
    }));

  it('is pressed by a front end that sends SIGINT to the kernel', () =>
    pool.use(async (kernel) => {
      const id = kernel.start("process.on('SIGINT', () => {}); console.log('go'); for (;;);");
      await firstOutput(kernel, id);
      kernel.process.kill('SIGINT');
      expect((await kernel.finish(id)).error?.ename).toBe('Interrupted');
      await expectAlive(kernel);
    }));

  it('ends a loop of an earlier cell that a timer starts while a later cell is compiled', () =>
    pool.use(async (kernel) => {
      const early = kernel.start("setTimeout(() => { console.log('go'); for (;;); }, 30);");
      await kernel.finish(early);
      const lines = Array.from({ length: 400 }, (_, i) => `const d${i} = { a: ${i}, b: [${i}, 'x'] as const };`);
      const id = kernel.start(lines.join('\n'));
      await firstOutput(kernel, early);
      const pressed = Date.now();
      await kernel.request('interrupt_request', {}, 'control');
      await kernel.finish(id);
      expect(Date.now() - pressed).toBeLessThan(allowed(3000));
      await expectAlive(kernel);
    }));

  it('runs finally blocks of loops that await', () =>
    pool.use(async (kernel) => {
      const { error, stdout } = await interrupt(
        kernel,
        "console.log('go'); try { for (;;) await sleep(5); } finally { console.log('tidied') }",
      );
      expect(error?.ename).toBe('Interrupted');
      expect(stdout).toBe('go\ntidied\n');
    }));

  it('may be pressed ten times in a row', () =>
    pool.use(async (kernel) => {
      const id = kernel.start("console.log('go'); await sleep(60_000);");
      await firstOutput(kernel, id);
      for (let i = 0; i < 10; i++) await kernel.request('interrupt_request', {}, 'control');
      expect((await kernel.finish(id)).error?.ename).toBe('Interrupted');
      await expectAlive(kernel);
    }));

  it.each(['without a cell', 'of another cell'])('spares the running cell when it was pressed for code %s', (whose) =>
    pool.use(async (kernel) => {
      // what the I/O thread asks; it may arrive when the cell that was to be stopped has ended, and the next one runs
      const running = whose === 'without a cell' ? 0 : 1;
      const { result, error } = await kernel.execute(
        `const sparedNow = (globalThis as any)[Symbol.for('detlab.terminate')].terminate(${running}, 100); await sleep(50); sparedNow`,
      );
      expect([error, result]).toEqual([undefined, 'false']);
    }),
  );

  it('aborts the queued cells, and no later one', () =>
    pool.use(async (kernel) => {
      const first = kernel.start("console.log('go'); await new Promise(() => {});");
      const second = kernel.start('2');
      await firstOutput(kernel, first);
      await kernel.request('interrupt_request', {}, 'control');
      await kernel.finish(first);
      expect((await kernel.finish(second)).reply.status).toBe('aborted');
      await expectAlive(kernel);
    }));

  it('while a cell is compiled is answered, and the cell does not run', () =>
    pool.use(async (kernel) => {
      const lines = Array.from({ length: 400 }, (_, i) => `const c${i} = { a: ${i}, b: [${i}, 'x'] as const };`);
      const id = kernel.start(`${lines.join('\n')}\nawait sleep(60_000);`);
      await kernel.wait((m) => m.parent === id && m.type === 'execute_input');
      await kernel.request('interrupt_request', {}, 'control');
      expect((await kernel.finish(id)).error?.ename).toBe('Interrupted');
      await expectAlive(kernel);
    }));
});
