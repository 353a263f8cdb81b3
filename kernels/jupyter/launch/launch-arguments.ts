// Arguments and file descriptors that the launcher gives the kernel process: the read ends of the pipes that are the
// kernel's own stdout and stderr, and the launcher channel. A kernel started without the launcher has neither.

import { parseArgs } from 'node:util';

export interface LaunchArguments {
  connectionFile: string | undefined;
  /** File descriptors to read the process's own stdout and stderr from. */
  pipes: { stdout: number; stderr: number } | undefined;
  /** File descriptor of the launcher channel. */
  launcherFd: number | undefined;
}

export const PIPE_FDS = { stdout: 3, stderr: 4 };
export const LAUNCHER_FD = 5;
/** What the launcher writes to its channel for Stop. */
export const INTERRUPT = 'interrupt\n';

export function launchArguments(pipes: boolean): string[] {
  return ['--launcher-fd', String(LAUNCHER_FD), ...(pipes ? ['--pipes'] : [])];
}

export function readArguments(args: string[]): LaunchArguments {
  const { values } = parseArgs({
    args,
    options: { 'connection-file': { type: 'string' }, 'launcher-fd': { type: 'string' }, pipes: { type: 'boolean' } },
  });
  const fd = values['launcher-fd'];
  return {
    connectionFile: values['connection-file'],
    pipes: values.pipes ? PIPE_FDS : undefined,
    launcherFd: fd === undefined ? undefined : Number(fd),
  };
}

/** Removes the launcher's settings from the environment, so that no child process inherits them. */
export function cleanEnvironment(): void {
  delete process.env._STDBUF_O;
  const kept = (process.env.LD_PRELOAD ?? '').split(':').filter((path) => path && !path.endsWith('/libstdbuf.so'));
  if (kept.length) process.env.LD_PRELOAD = kept.join(':');
  else delete process.env.LD_PRELOAD;
}
