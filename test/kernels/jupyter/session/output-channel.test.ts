// Console output: in order, complete, sent while the cell runs, and assigned to the cell that printed it.

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KernelClient } from '../../../../kernels/jupyter/client';
import { HIGH_WATER } from '../../../../kernels/jupyter/protocol/thread-messages';
import { Flag, firstOutput, startKernel } from '../kernels';

let kernel: KernelClient;
beforeAll(async () => {
  kernel = await startKernel();
});
afterAll(() => kernel?.stop());

describe('console output', () => {
  it('of both streams arrives in order, before the result', async () => {
    const { published } = await kernel.execute(
      "console.log('one'); console.error('two'); process.stdout.write(Buffer.from('three')); 4",
    );
    const seen = published.slice(2, -1).map((m) => m.content.text ?? m.content.data['text/plain']);
    expect(seen).toEqual(['one\n', 'two\n', 'three', '4']);
  });

  it('loses no line of 100,000 in one synchronous loop', async () => {
    const { stdout } = await kernel.execute("for (let i = 0; i < 100_000; i++) console.log('line ' + i)", {}, 60_000);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.length).toBe(100_000);
    expect(lines.every((line, i) => line === `line ${i}`)).toBe(true);
  });

  it('loses no line of 5,000 across awaits', async () => {
    const { stdout } = await kernel.execute('for (let i = 0; i < 5000; i++) { console.log(i); await null; }');
    expect(stdout.trimEnd().split('\n').map(Number)).toEqual(Array.from({ length: 5000 }, (_, i) => i));
  });

  it('is sent while a synchronous loop runs', async () => {
    const flag = new Flag(kernel);
    const id = kernel.start(`console.log('begun'); ${flag.busyLoop}`);
    expect((await firstOutput(kernel, id)).content.text).toBe('begun\n');
    expect(kernel.received.some((m) => m.parent === id && m.type === 'execute_reply')).toBe(false);
    flag.raise();
    await kernel.finish(id);
  });

  it('that comes late belongs to the cell that caused it', async () => {
    const id = kernel.start("setTimeout(() => console.log('from before'), 100);");
    await kernel.finish(id);
    await kernel.execute('await new Promise(r => setTimeout(r, 200))');
    const late = await kernel.wait((m) => m.type === 'stream' && m.content.text === 'from before\n');
    expect(late.parent).toBe(id);
  });

  it('is split between characters, not inside one of the supplementary planes', async () => {
    const { stdout } = await kernel.execute("console.log('a' + '😀'.repeat(400_000))", {}, 30_000);
    expect(stdout).toBe(`a${'😀'.repeat(400_000)}\n`);
  });
});

describe('more output than may be queued', () => {
  it.skipIf(process.platform !== 'linux')('arrives as many lines, and does not pile up in the kernel', async () => {
    const { result: pid } = await kernel.execute('process.pid');
    /** Peak of the memory used by the kernel's process, in megabytes. */
    const peak = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
    const before = peak();
    const { published, reply } = await kernel.execute(
      "const line = 'y'.repeat(999_999) + '\\n'; for (let i = 0; i < 400; i++) process.stdout.write(line);",
      {},
      90_000,
    );
    expect(reply.status).toBe('ok');
    const arrived = published.filter((m) => m.type === 'stream').reduce((sum, m) => sum + m.content.text.length, 0);
    expect(arrived).toBe(400e6);
    expect(peak() - before).toBeLessThan(400);
    kernel.received.length = 0;
  });

  it('arrives as one line', async () => {
    const bytes = Math.ceil(1.2 * HIGH_WATER);
    const { published } = await kernel.execute(`console.log('x'.repeat(${bytes})); console.log('end')`, {}, 60_000);
    const texts = published.filter((m) => m.type === 'stream').map((m) => m.content.text as string);
    expect(texts.reduce((sum, text) => sum + text.length, 0)).toBe(bytes + 5);
    expect(texts.slice(-2).join('').endsWith('\nend\n')).toBe(true);
    kernel.received.length = 0;
  });
});
