// Shutdown and restart: answered on whichever channel asks, announced to all, and soon over. (A cell that does not end
// by itself: interrupt.test.ts.)

import { availableParallelism, loadavg } from 'node:os';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type Channel, KernelClient } from './kernel-client';

let kernel: KernelClient;
beforeAll(async () => {
  kernel = await KernelClient.start();
});
afterAll(() => kernel?.stop());

/** Asks the kernel to end, which it must do properly; says how it answered. */
async function shutdown(channel: Channel, restart: boolean) {
  const exit = new Promise<number | null>((resolve) => kernel.process.once('exit', resolve));
  const id = kernel.send(channel, 'shutdown_request', { restart });
  expect(await exit).toBe(0);
  const content = { status: 'ok', restart };
  await vi.waitFor(() => {
    const answers = kernel.received.filter((m) => m.parent === id).map((m) => [m.channel, m.type, m.content]);
    expect(answers).toContainEqual([channel, 'shutdown_reply', content]);
    expect(answers.filter(([on]) => on === 'iopub')).toEqual([
      ['iopub', 'status', { execution_state: 'busy' }],
      ['iopub', 'shutdown_reply', content],
      ['iopub', 'status', { execution_state: 'idle' }],
    ]);
  }, 5000);
}

it('restarts on the same ports within three seconds, with nothing of the old session', async () => {
  await kernel.execute('const old = 1;');
  const started = Date.now();
  await shutdown('control', true);
  kernel.received.length = 0;
  kernel.spawn();
  await kernel.ready();
  // Sockets answer before the packages are loaded: it is a cell that tells that the kernel is ready.
  const fresh = await kernel.execute('const old = 2; old');
  const took = Date.now() - started;
  // On a machine that has other work to do, as much longer as that takes from it.
  const load = loadavg()[0] / availableParallelism();
  console.log(`restarted in ${took} ms at a load of ${load.toFixed(1)} per processor`);
  expect(took).toBeLessThan(3000 * Math.max(1, 2 * load));
  expect(fresh).toMatchObject({ result: '2', reply: { execution_count: 1 } });
});

it('ends when the shell channel asks, as older front ends do', () => shutdown('shell', false));
