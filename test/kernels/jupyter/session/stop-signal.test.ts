// Stop of a cell whose work uses the signal: it is given time to end by itself, and ended by the same press when it goes on,
// whoever's code that is. The tests wait most of the time, and run concurrently in a few kernels.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KernelClient } from '../../../../kernels/jupyter/client';
import { allowed, firstOutput, interrupt, KernelPool, startKernel } from '../kernels';

const DECLARATIONS = `
const kept = 'still here';
const sleep = (ms: number) => new Promise((r) => setTimeout(r, ms));
const signalOfCell = () => (globalThis as any)[Symbol.for('detlab.notebook')].signal as AbortSignal;`;

/** A library that trains: steps that call back, a look at the signal in the middle of each and after it, at the end a checkpoint. */
const TRAINER = `
const { setImmediate: turn } = require('node:timers/promises');
const busy = (ms) => { for (const end = Date.now() + ms; Date.now() < end; ) JSON.parse('1'); };
exports.train = async (onStep, { stepMs, checkpointMs, isQuiet }) => {
  const { signal } = globalThis[Symbol.for('detlab.notebook')];
  // Stop may be pressed from now on: before, it would be work that does not use the signal
  if (!isQuiet) console.log('go');
  let steps = 0;
  while (!signal.aborted) {
    busy(stepMs);
    await onStep(++steps);
    await turn();
  }
  busy(checkpointMs);
  await turn();
  busy(checkpointMs);
  return { steps };
};`;

let pool: KernelPool;
beforeAll(async () => {
  pool = await KernelPool.start(3, async () => {
    const kernel = await startKernel(DECLARATIONS);
    const library = join(kernel.folder, 'node_modules', 'trainer');
    mkdirSync(library, { recursive: true });
    writeFileSync(join(library, 'index.js'), TRAINER);
    const { error } = await kernel.execute("const { train } = require('trainer');");
    expect(error?.traceback).toBeUndefined();
    return kernel;
  });
});
afterAll(() => pool?.stop());

async function expectAlive(kernel: KernelClient) {
  expect((await kernel.execute('kept')).result).toBe("'still here'");
  expect((await kernel.execute("await sleep(20); 'timers work'")).result).toBe("'timers work'");
}

describe.concurrent('Stop, in work that uses the signal,', () => {
  it.each([
    ['a loop in work that has read the signal', "const { aborted } = signalOfCell(); console.log('go'); for (;;);"],
    [
      'a loop that begins after Stop, in work that has read the signal',
      "const { aborted: yet } = signalOfCell(); console.log('go'); await sleep(300); for (;;);",
    ],
    [
      'a loop of tensor operations in work that has read the signal',
      "const signal = signalOfCell(); console.log('go'); for (;;) tf.add(1, 1).dispose();",
    ],
    [
      'a loop of tensor operations in a callback of such work',
      'await train(() => { for (;;) tf.add(1, 1).dispose(); }, { stepMs: 5, checkpointMs: 0 });',
    ],
    [
      'a loop of tensor operations that awaits, in a callback of such work',
      `await train(async () => { for (;;) { tf.add(1, 1).dispose(); await tf.nextFrame(); } }, { stepMs: 5, checkpointMs: 0 });`,
    ],
    [
      'a callback of such work that never settles',
      'await train(() => new Promise(() => {}), { stepMs: 5, checkpointMs: 0 });',
    ],
    [
      'a callback of such work that sleeps on and on',
      'await train(async () => { for (;;) await sleep(20); }, { stepMs: 5, checkpointMs: 0 });',
    ],
    [
      'a loop of microtasks in a callback of such work',
      'await train(async () => { for (;;) await null; }, { stepMs: 5, checkpointMs: 0 });',
    ],
    [
      'a loop of setImmediate in a callback of such work',
      `const turn2 = () => { tf.add(1, 1).dispose(); setImmediate(turn2); };
       await train(() => { turn2(); return new Promise(() => {}); }, { stepMs: 5, checkpointMs: 0 });`,
    ],
    [
      'Atomics.wait in work that has read the signal',
      `const { aborted: read } = signalOfCell(); console.log('go');
       Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);`,
    ],
    [
      'a loop that follows such work',
      'await train(() => {}, { stepMs: 5, checkpointMs: 0 }); for (;;) await sleep(5);',
    ],
  ])('ends %s', (_, code) =>
    pool.use(async (kernel) => {
      const { error, took } = await interrupt(kernel, code);
      expect(error?.ename).toBe('Interrupted');
      expect(took).toBeLessThan(allowed(3000));
      await expectAlive(kernel);
    }),
  );

  it('lets work that uses the signal end by itself, and keeps what it returns', () =>
    pool.use(async (kernel) => {
      const { error, reply, took } = await interrupt(
        kernel,
        `async function fit() {
           const signal = signalOfCell();
           let steps = 0;
           while (!signal.aborted) { steps++; await sleep(5); if (steps === 1) console.log('training'); }
           await sleep(300); // a checkpoint
           return { steps };
         }
         const run = await fit();
         const model = 'kept';`,
      );
      expect(error).toBeUndefined();
      expect(reply.status).toBe('ok');
      expect(took).toBeLessThan(allowed(1000));
      expect((await kernel.execute('[run.steps > 0, model]')).result).toBe("[ true, 'kept' ]");
    }));

  it.each([
    ['a library ends its step and writes a checkpoint', '() => {}', { stepMs: 400, checkpointMs: 300 }],
    [
      'steps call slow code of the user',
      '() => { for (const end = Date.now() + 400; Date.now() < end; ); }',
      { stepMs: 10, checkpointMs: 10 },
    ],
    [
      'steps call back, and the library computes on',
      'async () => { await sleep(5); }',
      { stepMs: 10, checkpointMs: 400 },
    ],
  ])('gives work that uses the signal time: %s', (_, onStep, durations) =>
    pool.use(async (kernel) => {
      const { error, took } = await interrupt(
        kernel,
        `const onStep = ${onStep};
         const trained = await train(async (step: number) => {
           await onStep();
           if (step === 2) console.log('go');
         }, ${JSON.stringify({ ...durations, isQuiet: true })});
         await sleep(10);
         const saved = 'saved';`,
      );
      expect(error).toBeUndefined();
      expect(took).toBeLessThan(allowed(3000));
      expect((await kernel.execute('[trained.steps >= 2, saved]')).result).toBe("[ true, 'saved' ]");
    }),
  );

  it.each([
    ['a step of seven seconds', { stepMs: 7000, checkpointMs: 10 }],
    ['a checkpoint of seven seconds', { stepMs: 100, checkpointMs: 7000 }],
  ])('ends work that takes its time: %s', (_, durations) =>
    pool.use(async (kernel) => {
      const code = `await train(() => {}, ${JSON.stringify(durations)});`;
      const { error, stderr, took } = await interrupt(kernel, code);
      expect(error?.ename).toBe('Interrupted');
      expect(stderr).toMatch(
        /^Stopping: the running step is left where it is; .*\nStopped by force: .* for 2 s after Stop\n/,
      );
      expect(took).toBeLessThan(allowed(3000));
      await expectAlive(kernel);
    }),
  );

  it('shows the press in the middle of synchronous work, and when it is urgent', () =>
    pool.use(async (kernel) => {
      const { error, took } = await interrupt(
        kernel,
        `const signal = signalOfCell();
         const urgency = (signal as any)[Symbol.for('detlab.urgency')] as Int32Array;
         console.log('go');
         const [begun, seen] = [urgency[0], { aborted: 0, urgent: 0 }];
         while (!signal.aborted);
         seen.aborted = Date.now();
         while (Atomics.load(urgency, 0) === 0);
         seen.urgent = Date.now();`,
      );
      expect(error).toBeUndefined();
      expect(took).toBeLessThan(allowed(2000));
      const { result } = await kernel.execute('[begun, seen.urgent - seen.aborted > 300, signal.aborted]');
      expect(result).toBe('[ 0, true, true ]');
      expect(
        (await kernel.execute("signalOfCell().aborted || (signalOfCell() as any)[Symbol.for('detlab.urgency')][0]"))
          .result,
      ).toBe('0');
    }));

  it('passes its reason to functions that take a signal, such as timers/promises', () =>
    pool.use(async (kernel) => {
      const { error, took } = await interrupt(
        kernel,
        "import { setTimeout as wait } from 'node:timers/promises';\nconst signal = signalOfCell();\nconsole.log('go');\nawait wait(60_000, null, { signal });",
      );
      expect(error?.ename).toMatch(/AbortError|Interrupted/);
      expect(took).toBeLessThan(allowed(1000));
    }));

  it('is no second press when the cell before was stopped a moment ago', () =>
    pool.use(async (kernel) => {
      for (let i = 0; i < 8; i++) {
        const { error, reply } = await interrupt(kernel, 'await train(() => {}, { stepMs: 5, checkpointMs: 120 });');
        expect(error).toBeUndefined();
        expect(reply.status).toBe('ok');
      }
    }));

  it('ends work that uses the signal by force when pressed again', () =>
    pool.use(async (kernel) => {
      const id = kernel.start("const unused = signalOfCell(); console.log('go'); await new Promise(() => {});");
      await firstOutput(kernel, id);
      await kernel.request('interrupt_request', {}, 'control');
      const again = Date.now();
      await kernel.request('interrupt_request', {}, 'control');
      expect((await kernel.finish(id)).error?.ename).toBe('Interrupted');
      expect(Date.now() - again).toBeLessThan(allowed(1000));
    }));
});
