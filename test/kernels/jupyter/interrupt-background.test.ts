// After Stop nothing of the stopped cell goes on: whatever it waits for, loops in, or has started.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KernelClient } from './kernel-client';

let kernel: KernelClient;
beforeAll(async () => {
  kernel = await KernelClient.start();
  // A library: its awaits are not the cell's own, so nothing in it hears of Stop.
  const folder = join(kernel.folder, 'node_modules', 'looper');
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'index.js'),
    `const { setTimeout: wait, setInterval: every, setImmediate: turn } = require('node:timers/promises');
     const { readFile } = require('node:fs/promises');
     const tick = () => { globalThis.ticks = (globalThis.ticks ?? 0) + 1; };
     exports.timers = async () => { for (;;) { tick(); await new Promise((r) => setTimeout(r, 5)); } };
     exports.waits = async () => { for (;;) { tick(); await wait(5); } };
     exports.turns = async () => { for (;;) { tick(); await turn(); } };
     exports.intervals = async () => { for await (const _ of every(5)) tick(); };
     exports.files = async () => { for (;;) { tick(); await readFile(__filename); } };
     exports.stubborn = async () => { for (;;) { try { tick(); await readFile(__filename); } catch {} finally { tick(); } } };
     exports.microtasks = async () => { for (;;) { tick(); await null; } };`,
  );
  writeFileSync(
    join(folder, 'index.d.ts'),
    ['timers', 'waits', 'turns', 'intervals', 'files', 'stubborn', 'microtasks']
      .map((name) => `export declare function ${name}(): Promise<void>;`)
      .join('\n'),
  );
  writeFileSync(join(folder, 'package.json'), '{ "name": "looper", "main": "index.js", "types": "index.d.ts" }');
  const made = await kernel.execute(
    `import * as looper from 'looper';
     import { execSync, spawn, spawnSync } from 'node:child_process';
     import { Worker } from 'node:worker_threads';
     import { createServer } from 'node:http';
     const kept = 'still here';
     const sleep = (ms: number) => new Promise((r) => setTimeout(r, ms));
     const world = globalThis as any;
     const ticksIn = async (ms: number) => { const before = world.ticks; await sleep(ms); return world.ticks - before; };`,
  );
  expect(made.error).toBeUndefined();
});
afterAll(() => kernel?.stop());

/** Runs code, presses Stop once it has printed something, and says how it ended and how long that took. */
async function stopped(code: string) {
  const id = kernel.start(code);
  await kernel.wait((m) => m.parent === id && m.type === 'stream');
  const pressed = Date.now();
  await kernel.request('interrupt_request', {}, 'control');
  const end = await kernel.finish(id);
  expect(end.error?.ename).toBe('Interrupted');
  return { ...end, took: Date.now() - pressed };
}

const isAlive = async () => expect((await kernel.execute('kept')).result).toBe("'still here'");

describe('loops in libraries', () => {
  it.each(['timers', 'waits', 'turns', 'intervals'])('that wait for %s end with the cell', async (name) => {
    const { took } = await stopped(`world.ticks = 0; console.log('go'); await looper.${name}();`);
    expect(took).toBeLessThan(1500);
    expect((await kernel.execute('await ticksIn(150)')).result).toBe('0');
  });

  it.each(['files', 'stubborn'])('that wait for %s end soon after', async (name) => {
    await stopped(`world.ticks = 0; console.log('go'); await looper.${name}();`);
    await kernel.execute('await sleep(900)');
    expect((await kernel.execute('await ticksIn(150)')).result).toBe('0');
    await isAlive();
  });

  it('that never let go are ended by force', async () => {
    const { took } = await stopped("world.ticks = 0; console.log('go'); await looper.microtasks();");
    expect(took).toBeLessThan(3500);
    expect((await kernel.execute('await ticksIn(150)')).result).toBe('0');
    await isAlive();
  });

  it('of other cells go on', async () => {
    await kernel.execute(
      'world.ticks = 0; world.on = true; void (async () => { while (world.on) { await sleep(5); world.ticks++; } })();',
    );
    await stopped("console.log('go'); await looper.files();");
    await kernel.execute('await sleep(900)');
    expect(Number((await kernel.execute('await ticksIn(150)')).result)).toBeGreaterThan(0);
    await kernel.execute('world.on = false');
  });
});

describe('loops in cells', () => {
  it.each([
    ['of microtasks', "console.log('go'); while (true) await Promise.resolve();"],
    ['of microtasks below', "console.log('go'); await (async () => { for (;;) await null; })();"],
    [
      'of queueMicrotask',
      "console.log('go'); const again = () => queueMicrotask(again); await sleep(20); again(); await sleep(60_000)",
    ],
    [
      'of nextTick',
      "console.log('go'); const next = () => { process.nextTick(next); }; await sleep(20); next(); await sleep(60_000)",
    ],
    ['of setImmediate', "console.log('go'); const turn = () => { setImmediate(turn); }; turn(); await sleep(60_000)"],
    [
      'over an endless async generator',
      "async function* numbers() { for (let i = 0; ; i++) yield i; }\nconsole.log('go'); for await (const n of numbers()) { void n; }",
    ],
    [
      'over an endless generator',
      "function* endless() { for (let i = 0; ; i++) yield i; }\nconsole.log('go'); for (const n of endless()) void n;",
    ],
    ['that swallow what stops them', "console.log('go'); for (;;) { try { for (;;); } catch {} finally { } }"],
    [
      'that swallow what stops their awaits',
      "console.log('go'); for (;;) { try { await null; } catch {} finally { } }",
    ],
    ['in Atomics.wait', "console.log('go'); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);"],
    [
      'in Atomics.wait after an await',
      "await sleep(5); console.log('go'); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);",
    ],
  ])('%s end', async (_, code) => {
    const { took } = await stopped(code);
    expect(took).toBeLessThan(3500);
    await isAlive();
    expect((await kernel.execute("await sleep(20); 'timers work'")).result).toBe("'timers work'");
  });

  it('end with what is written under finally, where their awaits let them', async () => {
    const { stdout } = await stopped(
      "console.log('go'); try { for (;;) await sleep(5); } finally { console.log('tidied') }",
    );
    expect(stdout).toBe('go\ntidied\n');
  });

  it('leave declarations and intervals of earlier cells alone', async () => {
    await kernel.execute('world.beats = 0; const pulse = setInterval(() => world.beats++, 5);');
    await stopped("const early = 7; setInterval(() => world.mine = Date.now(), 5); console.log('go'); for (;;);");
    const { result } = await kernel.execute(
      'const was = [world.beats, world.mine]; await sleep(200); clearInterval(pulse); [early, world.beats > was[0], world.mine === was[1]]',
    );
    expect(result).toBe('[ 7, true, true ]');
  });
});

describe('what a cell has started', () => {
  it.each([
    ['waits for', "console.log('go'); execSync('sleep 61');"],
    ['waits for in a shell', "console.log('go'); execSync('sleep 61; echo never', { stdio: 'inherit' });"],
    ['waits for after an await', "await sleep(5); console.log('go'); spawnSync('sleep', ['61']);"],
    [
      'waits for, deaf to gentle signals',
      "console.log('go'); spawnSync('sh', ['-c', 'trap \"\" INT TERM; sleep 61 & wait; sleep 61']);",
    ],
    ['goes on beside', "world.child = spawn('sleep', ['61']); console.log('go'); await sleep(60_000);"],
  ])('a child process it %s ends', async (_, code) => {
    const { took } = await stopped(code);
    expect(took).toBeLessThan(3500);
    const { result } = await kernel.execute(
      "await sleep(300); spawnSync('sh', ['-c', 'ps -eo args | grep -c \"^sleep 61\"'], { encoding: 'utf8' }).stdout.trim()",
    );
    expect(result).toBe("'0'");
    await isAlive();
  });

  it('a worker thread ends', async () => {
    await stopped(
      "const flag = world.flag = new Int32Array(new SharedArrayBuffer(4)); const thread = new Worker('const { workerData } = require(\"worker_threads\"); for (;;) Atomics.add(workerData, 0, 1)', { eval: true, workerData: flag }); thread.once('online', () => console.log('go')); await sleep(60_000)",
    );
    const { result } = await kernel.execute(
      'await sleep(300); const counted = world.flag[0]; await sleep(100); [world.flag[0] > 0, world.flag[0] - counted]',
    );
    expect(result).toBe('[ true, 0 ]');
  });

  it('a server ends, and its port is free', async () => {
    await stopped(
      "const server = createServer((_, answer) => answer.end('hello')).listen(0, '127.0.0.1', () => { world.port = (server.address() as any).port; console.log('go'); }); await sleep(60_000)",
    );
    const { result } = await kernel.execute(
      "await new Promise((r) => { const second = createServer().listen(world.port, '127.0.0.1', () => second.close(() => r('free'))); second.on('error', (e) => r(e.message)); })",
    );
    expect(result).toBe("'free'");
  });
});

describe('Stop', () => {
  it('ten times in a row does no harm', async () => {
    const id = kernel.start("console.log('go'); await sleep(60_000);");
    await kernel.wait((m) => m.parent === id && m.type === 'stream');
    for (let i = 0; i < 10; i++) await kernel.request('interrupt_request', {}, 'control');
    expect((await kernel.finish(id)).error?.ename).toBe('Interrupted');
    await isAlive();
  });

  it('while a cell is compiled is answered, and the cell does not run on', async () => {
    const lines = Array.from({ length: 400 }, (_, i) => `const c${i} = { a: ${i}, b: [${i}, 'x'] as const };`);
    const id = kernel.start(`${lines.join('\n')}\nawait sleep(60_000);`);
    await kernel.wait((m) => m.parent === id && m.type === 'execute_input');
    await kernel.request('interrupt_request', {}, 'control');
    expect((await kernel.finish(id)).error?.ename).toBe('Interrupted');
    await isAlive();
  });

  it('ends the wait for a display that never comes', async () => {
    const { took } = await stopped(
      "({ [Symbol.for('Jupyter.display')]() { console.log('go'); return new Promise(() => {}); } })",
    );
    expect(took).toBeLessThan(1500);
    await isAlive();
  });
});
