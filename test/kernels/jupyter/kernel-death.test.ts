// A kernel whose process dies says why, in the cell that ran; and no process outlives its launcher.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { KernelClient } from './kernel-client';

let kernel: KernelClient;
afterEach(() => kernel?.stop());

const exists = (pid: number) => {
  try {
    // A dead process nobody has asked after yet still has a number.
    return !/^\S+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

async function gone(pid: number) {
  for (let i = 0; i < 100 && exists(pid); i++) await new Promise((resolve) => setTimeout(resolve, 50));
  return !exists(pid);
}

/** Runs a cell that kills the kernel, with another queued behind it; says what a front end is told. */
async function death(code: string, env: Record<string, string> = {}) {
  kernel = await KernelClient.start(undefined, { env });
  await kernel.execute("import { execSync } from 'node:child_process'");
  const exit = new Promise<number | null>((resolve) => kernel.process.once('exit', resolve));
  const id = kernel.start(code);
  const behind = kernel.start('"behind"');
  const [status] = await Promise.all([exit, kernel.finish(id, 60_000).catch(() => {})]);
  const of = (parent: string, type: string) => kernel.received.find((m) => m.parent === parent && m.type === type);
  expect(status).not.toBe(0);
  expect(of(behind, 'execute_reply')?.content.status).toBe('aborted');
  expect(of(id, 'execute_reply')?.content).toMatchObject({ status: 'error', ename: 'KernelDied', execution_count: 2 });
  const last = kernel.received.findLast((m) => m.parent === id && m.channel === 'iopub')!;
  expect(last.content).toEqual({ execution_state: 'idle' });
  return { text: of(id, 'error')!.content.traceback.join('\n') as string, status };
}

describe('a kernel that dies', () => {
  it('for want of heap says so, and how to have more', async () => {
    const { text } = await death('const hold: object[] = []; for (;;) hold.push({ a: [1, 2, 3] });', {
      NODE_OPTIONS: '--max-old-space-size=300',
    });
    expect(text).toContain('JavaScript heap out of memory');
    expect(text).toMatch(/NODE_OPTIONS=--max-old-space-size=\d+/);
  });

  it('in native code names the signal and what was printed last', async () => {
    const { text, status } = await death(
      "execSync('echo the last words >&2', { stdio: 'inherit' }); process.kill(process.pid, 'SIGSEGV'); for (;;);",
    );
    expect(text).toContain('SIGSEGV');
    expect(text).toContain('the last words');
    expect(status).toBe(139);
  });

  it.each([['KILL', /killed from outside|memory ran out/]])('of SIG%s says so', async (signal, words) => {
    const { text } = await death(`execSync('kill -${signal} ' + process.pid); for (;;);`);
    expect(text).toMatch(words);
  });

  it('by an exit past the guards names the exit code', async () => {
    const { text, status } = await death('(process as any).reallyExit(7)');
    expect(text).toContain('exited with code 7');
    expect(status).toBe(7);
  });
});

describe('no process is left behind', () => {
  /** A kernel with a child process, and a busy cell when asked for; the numbers of its processes. */
  async function start(busy: boolean) {
    kernel = await KernelClient.start();
    const { result } = await kernel.execute(
      "import { spawn } from 'node:child_process'; [process.pid, spawn('sleep', ['600']).pid].join()",
    );
    if (busy) {
      const id = kernel.start("console.log('go'); for (;;);");
      await kernel.wait((m) => m.parent === id && m.type === 'stream');
    }
    const pids = result!.replaceAll("'", '').split(',').map(Number);
    expect(pids.every(exists)).toBe(true);
    return pids;
  }

  it.each([
    ['SIGKILL', true],
    ['SIGTERM', false],
  ] as const)('when the launcher is sent %s (busy: %s)', async (signal, busy) => {
    const pids = await start(busy);
    kernel.process.kill(signal);
    for (const pid of pids) expect(await gone(pid)).toBe(true);
  });

  it.each([true])('when the kernel is shut down (busy: %s), within three seconds', async (busy) => {
    const pids = await start(busy);
    const exit = new Promise((resolve) => kernel.process.once('exit', resolve));
    const asked = Date.now();
    kernel.send('control', 'shutdown_request', { restart: true });
    expect(await exit).toBe(0);
    expect(Date.now() - asked).toBeLessThan(3000);
    for (const pid of pids) expect(await gone(pid)).toBe(true);
    expect(readFileSync(join(kernel.folder, 'kernel.log'), 'utf8')).toBe('');
  });

  it('when there is no connection file, and says so', async () => {
    kernel = await KernelClient.start();
    const { spawnSync } = await import('node:child_process');
    const [node, launcher] = kernel.process.spawnargs;
    const { status, stderr } = spawnSync(node, [launcher, '--connection-file', 'nowhere.json'], { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toContain('Cannot read the connection file nowhere.json');
  });
});
