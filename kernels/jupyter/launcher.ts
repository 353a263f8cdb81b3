// What Jupyter starts: `node launcher.js --connection-file <file>`. Starts the kernel itself (main.ts) as a process
// group with pipes as its stdout and stderr, which the kernel reads, so that output of child processes and native code
// reaches the cell. Reports a crash of the kernel in the notebook, and leaves no process running however it ends. Loads
// only Node's own modules, so that it does not delay the start.

import { writeSync } from 'node:fs';
import { constants as system } from 'node:os';
import type { Crash } from './launch/crash-report';
import { type KernelProcess, startKernelProcess } from './launch/kernel-process';
import { KEPT_OUTPUT, KernelRecord } from './launch/kernel-record';
import { openOutputPipes, readAvailable } from './launch/named-pipes';
import { oomKills } from './launch/oom-kills';

/** How long the kernel may take to end once it has answered a shutdown request: its threads may be loading libraries. */
const SHUTDOWN_MS = 2000;

/** Passes on Jupyter's signals, and ends the kernel when Jupyter or this process ends. */
function passOnSignals(kernel: KernelProcess, record: KernelRecord): void {
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) {
    process.on(signal, () => {
      record.ending = true;
      kernel.killGroup(signal);
      setTimeout(() => kernel.killGroup('SIGKILL'), 1000).unref();
    });
  }
  process.on('SIGINT', () => kernel.interrupt()); // a Stop from a front end that sends signals
  // Jupyter may end without a shutdown request.
  if (process.env.JPY_PARENT_PID) {
    const parent = process.ppid;
    setInterval(() => process.ppid !== parent && process.kill(process.pid, 'SIGTERM'), 1000).unref();
  }
  process.on('exit', () => kernel.killGroup('SIGKILL'));
}

async function reportCrash(crash: Crash): Promise<void> {
  try {
    const { sendCrashReport } = await import('./launch/crash-report.js');
    await sendCrashReport(process.argv[process.argv.indexOf('--connection-file') + 1], crash);
  } catch (error) {
    const { signal, code } = crash;
    writeSync(2, `The DetLab kernel ended (${signal ?? `exit code ${code}`}): ${(error as Error).message}\n`);
  }
}

function launch(): void {
  const pipes = openOutputPipes('detlab-kernel-');
  const killsBefore = oomKills();
  const kernel = startKernelProcess(process.argv.slice(2), pipes);
  const record = new KernelRecord(() => setTimeout(() => kernel.killGroup('SIGKILL'), SHUTDOWN_MS).unref());
  record.follow(kernel.channel);
  passOnSignals(kernel, record);
  kernel.process.on('error', (error) => {
    writeSync(2, `The DetLab kernel could not be started: ${error.message}\n`);
    process.exit(1);
  });
  // `close` is emitted after the end of the launcher channel.
  kernel.process.on('close', async (closeCode, closeSignal) => {
    // Libraries may crash during an exit that the program asked for: the exit code it asked for counts.
    const code = record.exitCode ?? closeCode;
    const signal = record.exitCode === undefined ? closeSignal : null;
    kernel.killGroup('SIGKILL');
    if (record.ending) process.exit(0);
    const rest = pipes ? readAvailable(pipes.stdout.read) + readAvailable(pipes.stderr.read) : '';
    const status = signal ? 128 + (system.signals[signal] ?? 0) : code || 1;
    if (rest) writeSync(2, rest);
    if (!record.ready) process.exit(status);
    await reportCrash({
      code,
      signal,
      output: (record.output + rest).slice(-KEPT_OUTPUT),
      outOfMemory: oomKills() > killsBefore,
      requests: [...record.unanswered.values()],
      latest: record.latest,
    });
    process.exit(status);
  });
}

launch();
