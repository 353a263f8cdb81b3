// After Stop nothing that the cell has started goes on: loops in libraries, timers, child processes, worker threads, servers.
// The tests wait most of the time, and run concurrently in two kernels.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KernelClient } from '../../../../kernels/jupyter/client';
import { allowed, interrupt, KernelPool } from '../kernels';

/** Loops of a library: its awaits are not guarded as the cell's are. */
const LOOPS = {
  timers: 'for (;;) { tick("timers"); await new Promise((r) => setTimeout(r, 5)); }',
  waits: 'for (;;) { tick("waits"); await wait(5); }',
  turns: 'for (;;) { tick("turns"); await turn(); }',
  intervals: 'for await (const _ of every(5)) tick("intervals");',
  files: 'for (;;) { tick("files"); await readFile(__filename); }',
  stubborn: 'for (;;) { try { tick("stubborn"); await readFile(__filename); } catch {} finally { tick("stubborn"); } }',
  microtasks: 'for (;;) { tick("microtasks"); await null; }',
};

const DECLARATIONS = `
import * as looper from 'looper';
import { execSync, spawn, spawnSync } from 'node:child_process';
import { Worker } from 'node:worker_threads';
import { createServer } from 'node:http';
const kept = 'still here';
const world = globalThis as any;
const sleep = (ms: number) => new Promise((r) => setTimeout(r, ms));
const ticksIn = async (ms: number) => { const before = looper.count(); await sleep(ms); return looper.count() - before; };
/** Whether a condition holds within two seconds. */
const soon = async (holds: () => boolean | Promise<boolean>) => {
  for (const until = Date.now() + 2000; Date.now() < until; await sleep(20)) if (await holds()) return true;
  return false;
};
const isRunning = (command: string) => spawnSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).stdout.split('\\n').includes(command);`;

async function startLoopingKernel(): Promise<KernelClient> {
  const kernel = await KernelClient.start();
  const folder = join(kernel.folder, 'node_modules', 'looper');
  mkdirSync(folder, { recursive: true });
  const functions = Object.entries(LOOPS).map(([name, body]) => `exports.${name} = async () => { ${body} };`);
  writeFileSync(
    join(folder, 'index.js'),
    `const { setTimeout: wait, setInterval: every, setImmediate: turn } = require('node:timers/promises');
     const { readFile } = require('node:fs/promises');
     const ticks = {};
     const tick = (name) => { ticks[name] = (ticks[name] ?? 0) + 1; };
     exports.count = () => Object.values(ticks).reduce((a, b) => a + b, 0);
     exports.names = () => Object.keys(ticks);
     ${functions.join('\n')}`,
  );
  const types = Object.keys(LOOPS).map((name) => `export declare function ${name}(): Promise<void>;`);
  const counts = 'export declare function count(): number; export declare function names(): string[];';
  writeFileSync(join(folder, 'index.d.ts'), [counts, ...types].join('\n'));
  writeFileSync(join(folder, 'package.json'), '{ "name": "looper", "main": "index.js", "types": "index.d.ts" }');
  expect((await kernel.execute(DECLARATIONS)).error?.traceback.join('\n')).toBeUndefined();
  return kernel;
}

let pool: KernelPool;
beforeAll(async () => {
  pool = await KernelPool.start(2, startLoopingKernel);
});
afterAll(() => pool?.stop());

async function stop(kernel: KernelClient, code: string) {
  const end = await interrupt(kernel, code);
  expect(end.error?.ename).toBe('Interrupted');
  return end;
}

const expectAlive = async (kernel: KernelClient) => expect((await kernel.execute('kept')).result).toBe("'still here'");

describe.concurrent('loops in libraries', () => {
  it('that wait for timers, turns of the event loop and intervals end with the cell', () =>
    pool.use(async (kernel) => {
      const names = "['timers', 'waits', 'turns', 'intervals']";
      const { took } = await stop(
        kernel,
        `const loops = [looper.timers(), looper.waits(), looper.turns(), looper.intervals()];
         await soon(() => ${names}.every((name) => looper.names().includes(name)));
         console.log('go'); await Promise.all(loops);`,
      );
      expect(took).toBeLessThan(allowed(1500));
      expect((await kernel.execute(`${names}.every((name) => looper.names().includes(name))`)).result).toBe('true');
      expect((await kernel.execute('await ticksIn(150)')).result).toBe('0');
    }));

  it.each(['files', 'stubborn'])('that wait for %s end soon after', (name) =>
    pool.use(async (kernel) => {
      await stop(kernel, `console.log('go'); await looper.${name}();`);
      expect((await kernel.execute('await soon(async () => (await ticksIn(150)) === 0)')).result).toBe('true');
      await expectAlive(kernel);
    }),
  );

  it('that never return to the event loop are ended by force', () =>
    pool.use(async (kernel) => {
      const { took } = await stop(kernel, "console.log('go'); await looper.microtasks();");
      expect(took).toBeLessThan(allowed(3500));
      expect((await kernel.execute('await ticksIn(150)')).result).toBe('0');
      await expectAlive(kernel);
    }));

  it('of other cells go on', () =>
    pool.use(async (kernel) => {
      await kernel.execute(
        'world.rounds = 0; world.on = true; void (async () => { while (world.on) { await sleep(5); world.rounds++; } })();',
      );
      await stop(kernel, "console.log('go'); await looper.files();");
      await kernel.execute('await sleep(900)'); // past the time when functions of the stopped cell are terminated
      const { result } = await kernel.execute('const rounds = world.rounds; await sleep(150); world.rounds - rounds');
      expect(Number(result)).toBeGreaterThan(0);
      await kernel.execute('world.on = false');
    }));
});

describe.concurrent('what a cell has started', () => {
  it('ends without the declarations and intervals of earlier cells', () =>
    pool.use(async (kernel) => {
      await kernel.execute('world.beats = 0; const pulse = setInterval(() => world.beats++, 5);');
      await stop(
        kernel,
        "const early = 7; setInterval(() => world.mine = Date.now(), 5); console.log('go'); for (;;);",
      );
      const { result } = await kernel.execute(
        'const was = [world.beats, world.mine]; await sleep(150); clearInterval(pulse); [early, world.beats > was[0], world.mine === was[1]]',
      );
      expect(result).toBe('[ 7, true, true ]');
    }));

  // Each sleeps for a different time, by which `ps` finds it.
  it.each([
    ['waits for', 'sleep 6101', "console.log('go'); execSync('sleep 6101');"],
    [
      'waits for in a shell',
      'sleep 6102',
      "console.log('go'); execSync('sleep 6102; echo never', { stdio: 'inherit' });",
    ],
    ['waits for after an await', 'sleep 6103', "await sleep(5); console.log('go'); spawnSync('sleep', ['6103']);"],
    [
      'waits for, and that ignores SIGINT and SIGTERM',
      'sleep 6104',
      "console.log('go'); spawnSync('sh', ['-c', 'trap \"\" INT TERM; sleep 6104 & wait; sleep 6104']);",
    ],
    ['runs beside', 'sleep 6105', "world.child = spawn('sleep', ['6105']); console.log('go'); await sleep(60_000);"],
  ])('ends: a child process that it %s', (_, command, code) =>
    pool.use(async (kernel) => {
      const { took } = await stop(kernel, code);
      expect(took).toBeLessThan(allowed(3500));
      expect((await kernel.execute(`await soon(() => !isRunning('${command}'))`)).result).toBe('true');
      await expectAlive(kernel);
    }),
  );

  it('ends: a worker thread', () =>
    pool.use(async (kernel) => {
      await stop(
        kernel,
        "const flag = world.flag = new Int32Array(new SharedArrayBuffer(4)); const thread = new Worker('const { workerData } = require(\"worker_threads\"); for (;;) Atomics.add(workerData, 0, 1)', { eval: true, workerData: flag }); thread.once('online', () => console.log('go')); await sleep(60_000)",
      );
      const { result } = await kernel.execute(
        'const hasEnded = await soon(async () => { const counted = world.flag[0]; await sleep(100); return world.flag[0] === counted; }); [world.flag[0] > 0, hasEnded]',
      );
      expect(result).toBe('[ true, true ]');
    }));

  it('ends: a server, whose port is free then', () =>
    pool.use(async (kernel) => {
      await stop(
        kernel,
        "const server = createServer((_, answer) => answer.end('hello')).listen(0, '127.0.0.1', () => { world.port = (server.address() as any).port; console.log('go'); }); await sleep(60_000)",
      );
      const { result } = await kernel.execute(
        "await new Promise((r) => { const second = createServer().listen(world.port, '127.0.0.1', () => second.close(() => r('free'))); second.on('error', (e) => r(e.message)); })",
      );
      expect(result).toBe("'free'");
    }));
});
