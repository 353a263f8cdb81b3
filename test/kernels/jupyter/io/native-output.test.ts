// Output of child processes, worker threads and native code appears in the cell that caused it, complete and in order.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KernelClient } from '../../../../kernels/jupyter/client';
import { Flag, firstOutput, startKernel } from '../kernels';

let kernel: KernelClient;
beforeAll(async () => {
  kernel = await startKernel(
    "import { execSync, spawn, spawnSync, fork } from 'node:child_process'; import { once } from 'node:events'; import { openSync, writeSync } from 'node:fs'; import { Worker } from 'node:worker_threads'; import v8 from 'node:v8';",
  );
});
afterAll(() => kernel?.stop());

describe('child processes', () => {
  it('print between the lines before and after them', async () => {
    const { stdout, stderr } = await kernel.execute(
      `for (let i = 0; i < 5; i++) {
         console.log('before ' + i);
         spawnSync('sh', ['-c', 'echo child ' + i + '; echo error ' + i + ' >&2'], { stdio: 'inherit' });
         console.log('after ' + i);
       }
       execSync('echo to fd 2', { stdio: ['ignore', 2, 'pipe'] });`,
    );
    const lines = Array.from({ length: 5 }, (_, i) => [`before ${i}`, `child ${i}`, `after ${i}`]).flat();
    expect(stdout.trimEnd().split('\n')).toEqual(lines);
    expect(stderr.trimEnd().split('\n')).toEqual(['error 0', 'error 1', 'error 2', 'error 3', 'error 4', 'to fd 2']);
  });

  it('are shown while the cell waits for them', async () => {
    const flag = new Flag(kernel);
    const id = kernel.start(`execSync('echo one; ${flag.shellLoop}; echo two', { stdio: 'inherit' })`);
    expect((await firstOutput(kernel, id)).content.text).toBe('one\n');
    expect(kernel.received.some((m) => m.parent === id && m.type === 'execute_reply')).toBe(false);
    flag.raise();
    expect((await kernel.finish(id)).stdout).toBe('one\ntwo\n');
  });

  it('lose nothing of ten megabytes, nor a character that is split between reads', async () => {
    const { stdout } = await kernel.execute(
      "const child = spawn(process.execPath, ['-e', `for (let i = 0; i < 200_000; i++) process.stdout.write('Zeile ' + i + ' äöü €uro 😀 und noch etwas\\\\n')`], { stdio: 'inherit' }); await once(child, 'exit'); console.log('done');",
      {},
      60_000,
    );
    const lines = stdout.trimEnd().split('\n');
    expect(lines.pop()).toBe('done');
    expect(lines.length).toBe(200_000);
    expect(lines.every((line, i) => line === `Zeile ${i} äöü €uro 😀 und noch etwas`)).toBe(true);
  });

  it('that print late print to the cell that started them, and no cell waits for them', async () => {
    const [mayPrint, isOver] = [new Flag(kernel), new Flag(kernel)];
    const script = `${mayPrint.shellLoop}; echo late; sleep 30`;
    const first = kernel.start(`spawn('sh', ['-c', '${script}'], { stdio: 'inherit' }).unref();`);
    await kernel.finish(first, 5000);
    const second = kernel.start(`${isOver.awaitLoop} console.log('second')`);
    await kernel.wait((m) => m.parent === second && m.type === 'execute_input');
    mayPrint.raise();
    const late = await kernel.wait((m) => m.type === 'stream' && m.content.text === 'late\n');
    expect(late.parent).toBe(first);
    isOver.raise();
    expect((await kernel.finish(second)).stdout).toBe('second\n');
  });

  it('of fork and of their own processes too', async () => {
    writeFileSync(
      join(kernel.folder, 'forked.js'),
      "console.log('forked'); require('child_process').execSync('echo below', { stdio: 'inherit' })",
    );
    const { stdout } = await kernel.execute("await once(fork('./forked.js'), 'exit');");
    expect(stdout).toBe('forked\nbelow\n');
  });
});

describe('the process itself', () => {
  it('prints through writeSync', async () => {
    const { stdout, stderr } = await kernel.execute(
      "console.log('a'); writeSync(1, 'b\\n'); console.log('c'); writeSync(2, 'e\\n'); writeSync(1, 'd\\n')",
    );
    expect(stdout).toBe('a\nb\nc\nd\n');
    expect(stderr).toBe('e\n');
  });

  it('prints when native code calls printf', async () => {
    const { stdout } = await kernel.execute(
      "v8.setFlagsFromString('--trace-gc'); v8.setFlagsFromString('--expose-gc'); (globalThis as any).gc?.(); const list: unknown[] = []; for (let i = 0; i < 3e6; i++) list.push({ i }); v8.setFlagsFromString('--no-trace-gc'); list.length = 0; console.log('end')",
    );
    expect(stdout).toMatch(/Scavenge|Mark-Compact/);
    expect(stdout.endsWith('end\n')).toBe(true);
  });

  it('prints from worker threads', async () => {
    const { stdout } = await kernel.execute(
      "const worker = new Worker(`console.log('from a worker'); require('fs').writeSync(1, 'past the console\\\\n')`, { eval: true }); await once(worker, 'exit');",
    );
    expect(stdout.split('\n').sort()).toEqual(['', 'from a worker', 'past the console']);
  });

  it('has streams as a program expects them', async () => {
    const { result, stdout } = await kernel.execute(
      "process.stdout.end(); process.stdout.destroy(); console.log('still'); [process.stdout.fd, process.stderr.fd, process.stdout.isTTY, process.env.LD_PRELOAD]",
    );
    expect(stdout).toBe('still\n');
    expect(result).toBe('[ 1, 2, undefined, undefined ]');
  });
});
