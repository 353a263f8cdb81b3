// Kernels for tests: one for a file, or a pool of them for tests that wait most of the time.

import { existsSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { KernelClient } from '../../../kernels/jupyter/client';

/** Starts a kernel and runs a cell with the declarations that the tests use. */
export async function startKernel(declarations = '', folder?: string): Promise<KernelClient> {
  const kernel = await KernelClient.start(folder);
  if (declarations) expect((await kernel.execute(declarations)).error?.traceback.join('\n')).toBeUndefined();
  return kernel;
}

/** A few kernels for concurrent tests, each used by one test at a time. */
export class KernelPool {
  private readonly waiting: ((kernel: KernelClient) => void)[] = [];
  private readonly free: KernelClient[];

  private constructor(private readonly kernels: KernelClient[]) {
    this.free = [...kernels];
  }

  static async start(size: number, start: () => Promise<KernelClient>): Promise<KernelPool> {
    return new KernelPool(await Promise.all(Array.from({ length: size }, start)));
  }

  /** Runs a test with a kernel that no other test uses meanwhile. */
  async use(test: (kernel: KernelClient) => Promise<void>): Promise<void> {
    const kernel = this.free.pop() ?? (await new Promise<KernelClient>((resolve) => this.waiting.push(resolve)));
    try {
      await test(kernel);
    } finally {
      const next = this.waiting.shift();
      if (next) next(kernel);
      else this.free.push(kernel);
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.kernels.map((kernel) => kernel.stop()));
  }
}

/**
 * Milliseconds that something may take: on a busy machine, as much longer as its other work takes.
 *
 * @param threads that it computes with at once
 */
export const allowed = (ms: number, threads = 1): number =>
  ms * Math.max(1, (threads * loadavg()[0]) / availableParallelism());

/** Waits for the first output of a request. */
export const firstOutput = (kernel: KernelClient, id: string) =>
  kernel.wait((m) => m.parent === id && m.type === 'stream');

/** Runs code, presses Stop once it has printed something; returns how it ended, and how many milliseconds that took. */
export async function interrupt(kernel: KernelClient, code: string) {
  const id = kernel.start(code);
  await firstOutput(kernel, id);
  const pressed = Date.now();
  expect((await kernel.request('interrupt_request', {}, 'control')).status).toBe('ok');
  const end = await kernel.finish(id);
  return { ...end, took: Date.now() - pressed };
}

/** Something that a cell, or a child process of it, waits for until the test raises it: a file. */
export class Flag {
  private static count = 0;
  private readonly path: string;

  constructor(kernel: KernelClient) {
    this.path = join(kernel.folder, `flag-${Flag.count++}`);
  }

  /** TypeScript: keeps the thread busy until it is raised. */
  get busyLoop(): string {
    return `while (!${this.isRaised});`;
  }

  /** TypeScript: awaits until it is raised. */
  get awaitLoop(): string {
    return `while (!${this.isRaised}) await new Promise((r) => setTimeout(r, 10));`;
  }

  /** Shell: waits until it is raised. */
  get shellLoop(): string {
    return `while [ ! -e ${this.path} ]; do sleep 0.02; done`;
  }

  raise(): void {
    if (existsSync(this.path)) throw new Error('The flag is raised already');
    writeFileSync(this.path, '');
  }

  private get isRaised(): string {
    return `require('node:fs').existsSync(${JSON.stringify(this.path)})`;
  }
}
