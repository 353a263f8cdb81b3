// What Jupyter starts: `node launcher.js --connection-file <file>`. Starts the kernel proper (main.ts) in a process group of
// its own, its stdout and stderr being pipes the kernel itself reads, so that what child processes and native code print
// lands in the cell. When the kernel dies by itself, says in the notebook why; leaves no process behind, however it ends.
// Node's own modules only, so that the kernel starts no later for it.

import { execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, existsSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { constants as system, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Crash } from './launch/crash-report';
import { LAUNCHER_FD, type LauncherMessage, launchArguments } from './launch/launch-arguments';

const KEPT_TAIL = 16 * 1024;
/** Makes C's stdout a line-buffered stream, as on a terminal: printf of native code is seen at once. */
const LINE_BUFFERING = [
  '/usr/libexec/coreutils',
  '/usr/lib/coreutils',
  '/usr/lib64/coreutils',
  '/usr/local/libexec/coreutils',
]
  .map((folder) => join(folder, 'libstdbuf.so'))
  .find((path) => existsSync(path));

interface Ends {
  read: number;
  write: number;
}

/** Two named pipes, both ends open and the names gone again; undefined where there are none (Windows). */
function openPipes(): { stdout: Ends; stderr: Ends } | undefined {
  let folder: string | undefined;
  try {
    folder = mkdtempSync(join(tmpdir(), 'detlab-kernel-'));
    const paths = [join(folder, 'stdout'), join(folder, 'stderr')];
    execFileSync('mkfifo', ['-m', '600', ...paths], { stdio: 'ignore' });
    const [stdout, stderr] = paths.map((path) => ({
      read: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK),
      write: openSync(path, constants.O_WRONLY),
    }));
    return { stdout, stderr };
  } catch {
    return undefined;
  } finally {
    if (folder) rmSync(folder, { recursive: true, force: true });
  }
}

/** What is in a pipe now. */
function drain(fd: number): string {
  const parts: Buffer[] = [];
  try {
    for (;;) {
      const buffer = Buffer.alloc(65536);
      const count = readSync(fd, buffer);
      if (count === 0) break;
      parts.push(buffer.subarray(0, count));
    }
  } catch {
    // EAGAIN: the pipe is empty
  }
  return Buffer.concat(parts).toString('utf8');
}

function oomKills(): number {
  try {
    const text = drain(openSync('/sys/fs/cgroup/memory.events', 'r'));
    return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function launch() {
  const pipes = openPipes();
  const env = { ...process.env };
  if (pipes && LINE_BUFFERING) {
    env._STDBUF_O = 'L';
    env.LD_PRELOAD = [LINE_BUFFERING, env.LD_PRELOAD].filter(Boolean).join(':');
  }
  const killedBefore = oomKills();
  const kernel = spawn(
    process.execPath,
    [
      ...process.execArgv,
      join(__dirname, 'main.js'),
      ...process.argv.slice(2),
      ...launchArguments(pipes !== undefined),
    ],
    {
      env,
      stdio: pipes
        ? ['ignore', pipes.stdout.write, pipes.stderr.write, pipes.stdout.read, pipes.stderr.read, 'pipe']
        : ['ignore', 'inherit', 'inherit', 'ignore', 'ignore', 'pipe'],
      detached: process.platform !== 'win32', // the head of a process group: see killAll
    },
  );
  if (pipes) for (const { write } of [pipes.stdout, pipes.stderr]) closeSync(write);

  /** Kills the kernel and the child processes of its cells, but for those that were started as detached. */
  const killAll = (signal: NodeJS.Signals) => {
    try {
      if (kernel.pid) process.kill(process.platform === 'win32' ? kernel.pid : -kernel.pid, signal);
    } catch {
      // they are gone
    }
  };

  const requests = new Map<number, Extract<LauncherMessage, { op: 'request' }>>();
  let latest: Extract<LauncherMessage, { op: 'request' }> | undefined;
  let ready = false;
  let exitCode: number | undefined;
  let ending = false;
  let tail = '';
  let partial = '';
  const launcherFd = (kernel.stdio as unknown as NodeJS.ReadableStream[])[LAUNCHER_FD];
  launcherFd.setEncoding('utf8');
  launcherFd.on('error', () => {});
  launcherFd.on('data', (chunk: string) => {
    const lines = (partial + chunk).split('\n');
    partial = lines.pop()!;
    for (const line of lines) {
      const note = JSON.parse(line) as LauncherMessage;
      if (note.op === 'ready') ready = true;
      else if (note.op === 'request') requests.set(note.seq, note);
      else if (note.op === 'started') Object.assign(requests.get(note.seq) ?? {}, { count: note.count });
      else if (note.op === 'replied') {
        latest = requests.get(note.seq) ?? latest;
        requests.delete(note.seq);
      } else if (note.op === 'exit') exitCode = note.code;
      else if (note.op === 'native') tail = (tail + note.text).slice(-KEPT_TAIL);
      else ending = true;
    }
  });

  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) {
    process.on(signal, () => {
      ending = true;
      killAll(signal);
      setTimeout(() => killAll('SIGKILL'), 1000).unref();
    });
  }
  process.on('SIGINT', () => kernel.kill('SIGINT')); // a Stop from a front end that sends signals
  // A front end that died without saying so: the kernel ends when this process does.
  if (process.env.JPY_PARENT_PID) {
    const parent = process.ppid;
    setInterval(() => process.ppid !== parent && process.kill(process.pid, 'SIGTERM'), 1000).unref();
  }
  process.on('exit', () => killAll('SIGKILL'));

  kernel.on('error', (error) => {
    writeSync(2, `The DetLab kernel could not be started: ${error.message}\n`);
    process.exit(1);
  });
  // `close` comes when the launcherFd has been read to its end too.
  kernel.on('close', async (closeCode, closeSignal) => {
    // Libraries may not survive the exit a program asks for: what it asked for is what counts.
    const code = exitCode ?? closeCode;
    const signal = exitCode === undefined ? closeSignal : null;
    killAll('SIGKILL');
    if (ending) process.exit(0);
    const left = pipes ? drain(pipes.stdout.read) + drain(pipes.stderr.read) : '';
    const status = signal ? 128 + (system.signals[signal] ?? 0) : code || 1;
    if (left) writeSync(2, left);
    if (!ready) process.exit(status);
    const death: Crash = {
      code,
      signal,
      output: (tail + left).slice(-KEPT_TAIL),
      outOfMemory: oomKills() > killedBefore,
      requests: [...requests.values()],
      latest,
    };
    try {
      const { sendCrashReport } = await import('./launch/crash-report.js');
      await sendCrashReport(process.argv[process.argv.indexOf('--connection-file') + 1], death);
    } catch (error) {
      writeSync(2, `The DetLab kernel ended (${signal ?? `exit code ${code}`}): ${(error as Error).message}\n`);
    }
    process.exit(status);
  });
}

launch();
