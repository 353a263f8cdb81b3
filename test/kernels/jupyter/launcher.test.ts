// The kernel as a process: it restarts and shuts down in time, a crash is reported in the cell that ran, and no process
// outlives the launcher. The tests start kernels of their own, most of them two at a time.

import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { type Channel, KernelClient } from '../../../kernels/jupyter/client';
import { kernelspec } from '../../../src/cli/kernel/kernelspec';
import { allowed, firstOutput } from './kernels';

const TOGETHER = 2;
const waiting: (() => void)[] = [];
let running = 0;

/** Runs a test with a kernel of its own, when fewer than `TOGETHER` others run. */
async function withKernel(test: (kernel: KernelClient) => Promise<void>, env: Record<string, string> = {}) {
  if (running === TOGETHER) await new Promise<void>((resolve) => waiting.push(resolve));
  else running++;
  let kernel: KernelClient | undefined;
  try {
    kernel = await KernelClient.start(undefined, { env });
    await test(kernel);
  } finally {
    await kernel?.stop();
    const next = waiting.shift();
    if (next) next();
    else running--;
  }
}

const exists = (pid: number) => {
  try {
    // A process that has ended and is not yet waited for still has a number.
    return !/^\S+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

async function hasEnded(pid: number) {
  for (let i = 0; i < 250 && exists(pid); i++) await new Promise((resolve) => setTimeout(resolve, 20));
  return !exists(pid);
}

const exitOf = (kernel: KernelClient) =>
  new Promise<number | null>((resolve) => kernel.process.once('exit', (code) => resolve(code)));

/** Asks the kernel to end, which it does with exit code 0; checks how it answers. */
async function shutdown(kernel: KernelClient, channel: Channel, restart: boolean) {
  const exit = exitOf(kernel);
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

it('restarts on the same ports within three seconds, without the old session, and ends when the shell channel asks', () =>
  withKernel(async (kernel) => {
    await kernel.execute('const old = 1;');
    const started = Date.now();
    await shutdown(kernel, 'control', true);
    kernel.received.length = 0;
    kernel.spawn();
    await kernel.ready();
    // Sockets answer before the packages are loaded: a cell shows that the kernel is ready.
    const fresh = await kernel.execute('const old = 2; old');
    const took = Date.now() - started;
    expect(took).toBeLessThan(allowed(3000, 2));
    expect(fresh).toMatchObject({ result: '2', reply: { execution_count: 1 } });
    await shutdown(kernel, 'shell', false); // as older front ends do
  }));

/** Runs a cell that crashes the kernel, with another one queued; returns what the front end receives. */
async function crash(kernel: KernelClient, code: string) {
  await kernel.execute("import { execSync } from 'node:child_process'");
  const exit = exitOf(kernel);
  const id = kernel.start(code);
  const queued = kernel.start('"queued"');
  const [status] = await Promise.all([exit, kernel.finish(id, 60_000).catch(() => {})]);
  const of = (parent: string, type: string) => kernel.received.find((m) => m.parent === parent && m.type === type);
  expect(status).not.toBe(0);
  expect(of(queued, 'execute_reply')?.content.status).toBe('aborted');
  expect(of(id, 'execute_reply')?.content).toMatchObject({ status: 'error', ename: 'KernelDied', execution_count: 2 });
  const last = kernel.received.findLast((m) => m.parent === id && m.channel === 'iopub')!;
  expect(last.content).toEqual({ execution_state: 'idle' });
  return { text: of(id, 'error')!.content.traceback.join('\n') as string, status };
}

describe.concurrent('the crash report', () => {
  it('names the heap limit, and how to raise it', () =>
    withKernel(
      async (kernel) => {
        const { text } = await crash(kernel, 'const hold: object[] = []; for (;;) hold.push({ a: [1, 2, 3] });');
        expect(text).toContain('JavaScript heap out of memory');
        expect(text).toMatch(/NODE_OPTIONS=--max-old-space-size=\d+/);
      },
      { NODE_OPTIONS: '--max-old-space-size=200' },
    ));

  it('names the signal of native code, and quotes the last output', () =>
    withKernel(async (kernel) => {
      const { text, status } = await crash(
        kernel,
        "execSync('echo the last output >&2', { stdio: 'inherit' }); process.kill(process.pid, 'SIGSEGV'); for (;;);",
      );
      expect(text).toContain('SIGSEGV');
      expect(text).toContain('the last output');
      expect(status).toBe(139);
    }));

  it('names SIGKILL, and its likely cause', () =>
    withKernel(async (kernel) => {
      const { text } = await crash(kernel, "execSync('kill -KILL ' + process.pid); for (;;);");
      expect(text).toMatch(/killed from outside|memory ran out/);
    }));

  it('names the exit code of an exit that bypasses the guards', () =>
    withKernel(async (kernel) => {
      const { text, status } = await crash(kernel, '(process as any).reallyExit(7)');
      expect(text).toContain('exited with code 7');
      expect(status).toBe(7);
    }));
});

describe.concurrent('no process is left', () => {
  /** Starts a child process, and a busy cell when asked for; returns the numbers of the kernel's and the child's process. */
  async function startWork(kernel: KernelClient, busy: boolean) {
    const { result } = await kernel.execute(
      "import { spawn } from 'node:child_process'; [process.pid, spawn('sleep', ['600']).pid].join()",
    );
    if (busy) await firstOutput(kernel, kernel.start("console.log('go'); for (;;);"));
    const pids = result!.replaceAll("'", '').split(',').map(Number);
    expect(pids.every(exists)).toBe(true);
    return pids;
  }

  it.each([
    ['SIGKILL', true],
    ['SIGTERM', false],
  ] as const)('when the launcher is sent %s (busy: %s)', (signal, busy) =>
    withKernel(async (kernel) => {
      const pids = await startWork(kernel, busy);
      kernel.process.kill(signal);
      for (const pid of pids) expect(await hasEnded(pid)).toBe(true);
    }),
  );

  it('when the kernel is shut down in an endless loop, within three seconds', () =>
    withKernel(async (kernel) => {
      const pids = await startWork(kernel, true);
      const exit = exitOf(kernel);
      const asked = Date.now();
      kernel.send('control', 'shutdown_request', { restart: true });
      const reply = await kernel.wait((m) => m.type === 'shutdown_reply' && m.channel === 'control');
      expect(reply.content).toEqual({ status: 'ok', restart: true });
      expect(await exit).toBe(0);
      expect(Date.now() - asked).toBeLessThan(allowed(3000));
      for (const pid of pids) expect(await hasEnded(pid)).toBe(true);
      expect(readFileSync(join(kernel.folder, 'kernel.log'), 'utf8')).toBe('');
    }));
});

it('names a port that another process has', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const folder = mkdtempSync(join(tmpdir(), 'detlab-ports-'));
  const file = join(folder, 'connection.json');
  const others = { iopub_port: 0, stdin_port: 0, control_port: 0, hb_port: 0 };
  const connection = { transport: 'tcp', ip: '127.0.0.1', key: 'k', signature_scheme: 'hmac-sha256' };
  try {
    writeFileSync(file, JSON.stringify({ ...connection, ...others, shell_port: port }), { mode: 0o600 });
    const [node, launcher] = kernelspec().argv;
    const { status, stderr } = spawnSync(node, [launcher, '--connection-file', file], { encoding: 'utf8' });
    expect(status).not.toBe(0);
    expect(stderr).toContain(
      `Cannot open tcp://127.0.0.1:${port} (shell_port of the connection file): Address already in use`,
    );
  } finally {
    server.close();
    rmSync(folder, { recursive: true });
  }
});

it('reports a missing connection file', () => {
  const [node, launcher] = kernelspec().argv;
  const { status, stderr } = spawnSync(node, [launcher, '--connection-file', 'nowhere.json'], { encoding: 'utf8' });
  expect(status).toBe(1);
  expect(stderr).toContain('Cannot read the connection file nowhere.json');
});
