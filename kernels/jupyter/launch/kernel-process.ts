// The kernel's process: main.ts in a process group of its own, with pipes as its stdout and stderr.

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { INTERRUPT, LAUNCHER_FD, launchArguments } from './launch-arguments';
import type { OutputPipes } from './named-pipes';

/** Makes C's stdout line-buffered, as on a terminal, so that printf of native code appears at once. */
const LINE_BUFFERING = [
  '/usr/libexec/coreutils',
  '/usr/lib/coreutils',
  '/usr/lib64/coreutils',
  '/usr/local/libexec/coreutils',
]
  .map((folder) => join(folder, 'libstdbuf.so'))
  .find((path) => existsSync(path));

export interface KernelProcess {
  process: ChildProcess;
  /** The launcher's end of the launcher channel. */
  channel: NodeJS.ReadableStream;
  /** Stops the running cell. */
  interrupt(): void;
  /** Signals the kernel and the child processes of its cells, except those started as `detached`. */
  killGroup(signal: NodeJS.Signals): void;
}

/** @param args the launcher's own arguments, passed on */
export function startKernelProcess(args: string[], pipes: OutputPipes | undefined): KernelProcess {
  const env = { ...process.env };
  if (pipes && LINE_BUFFERING) {
    env._STDBUF_O = 'L';
    env.LD_PRELOAD = [LINE_BUFFERING, env.LD_PRELOAD].filter(Boolean).join(':');
  }
  const main = join(__dirname, '..', 'main.js');
  const kernel = spawn(
    process.execPath,
    [...process.execArgv, main, ...args, ...launchArguments(pipes !== undefined)],
    {
      env,
      stdio: pipes
        ? ['ignore', pipes.stdout.write, pipes.stderr.write, pipes.stdout.read, pipes.stderr.read, 'pipe']
        : ['ignore', 'inherit', 'inherit', 'ignore', 'ignore', 'pipe'],
      detached: process.platform !== 'win32', // the head of a process group: see killGroup
    },
  );
  if (pipes) for (const { write } of [pipes.stdout, pipes.stderr]) closeSync(write);
  const channel = (kernel.stdio as unknown as NodeJS.ReadWriteStream[])[LAUNCHER_FD];
  channel.on('error', () => {}); // the kernel has ended
  return {
    process: kernel,
    channel,
    interrupt: () => void channel.write(INTERRUPT),
    killGroup(signal) {
      try {
        if (kernel.pid) process.kill(process.platform === 'win32' ? kernel.pid : -kernel.pid, signal);
      } catch {
        // no process of the group is left
      }
    },
  };
}
