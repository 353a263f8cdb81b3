// Two gigabytes of output in one cell: all of it is sent, and the kernel holds little of it at a time.

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { KernelClient } from './kernel-client';

let kernel: KernelClient;
beforeAll(async () => {
  kernel = await KernelClient.start();
});
afterAll(() => kernel?.stop());

it.skipIf(process.platform !== 'linux')(
  'arrives whole, the memory of the kernel bounded',
  async () => {
    const { result: pid } = await kernel.execute('process.pid');
    const peak = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
    const before = peak();
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
    await new Promise((resolve) => setTimeout(resolve, 2000));
    clearInterval(count);
    take();
    expect(bytes).toBe(2e9);
    expect(peak() - before).toBeLessThan(600);
    expect((await kernel.execute('"alive"')).result).toBe("'alive'");
  },
  300_000,
);
