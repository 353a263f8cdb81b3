// Hundreds of megabytes in one line, and two gigabytes in one cell: all of it is sent, and the kernel holds little of it at
// a time.

import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { KernelClient } from '../../../../kernels/jupyter/client';
import { startKernel } from '../kernels';

let kernel: KernelClient;
beforeEach(async () => {
  kernel = await startKernel();
});
afterEach(() => kernel?.stop());

/** Peak of the memory used by the kernel's process, in megabytes. */
async function peakMemory() {
  const { result: pid } = await kernel.execute('process.pid');
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
}

it('one line of 200 MB arrives', async () => {
  const { published } = await kernel.execute("console.log('x'.repeat(200e6)); console.log('end')", {}, 60_000);
  const texts = published.filter((m) => m.type === 'stream').map((m) => m.content.text as string);
  expect(texts.reduce((sum, text) => sum + text.length, 0)).toBe(200e6 + 5);
  expect(texts.slice(-2).join('').endsWith('\nend\n')).toBe(true);
});

it.skipIf(process.platform !== 'linux')(
  '2 GB arrive, with the memory of the kernel bounded',
  async () => {
    const before = await peakMemory();
    const id = kernel.start(
      "const line = 'z'.repeat(999_999) + '\\n'; for (let i = 0; i < 2000; i++) process.stdout.write(line);",
    );
    let bytes = 0;
    let next = 0;
    // Counted and dropped, so that the test does not hold it either.
    const take = () => {
      for (; next < kernel.received.length; next++) {
        const { type, content } = kernel.received[next];
        if (type !== 'stream') continue;
        bytes += content.text.length;
        content.text = '';
      }
    };
    const count = setInterval(take, 50);
    await kernel.wait((m) => m.parent === id && m.type === 'execute_reply', 280_000);
    await kernel.wait((m) => m.parent === id && m.content.execution_state === 'idle');
    clearInterval(count);
    take();
    expect(bytes).toBe(2e9);
    expect((await peakMemory()) - before).toBeLessThan(600);
    expect((await kernel.execute('"alive"')).result).toBe("'alive'");
  },
  300_000,
);
