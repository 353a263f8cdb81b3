// What the launcher hands the kernel it starts, as arguments: the read ends of the pipes that are the kernel's own stdout
// and stderr, and the launcherFd, a socket between the two. Without a launcher there is nothing, and all goes without.

import { parseArgs } from 'node:util';

export interface LaunchArguments {
  connectionFile: string | undefined;
  /** File descriptors to read the process's own stdout and stderr from. */
  pipes: { stdout: number; stderr: number } | undefined;
  /** File descriptor of the socket whose end means that the launcher is gone. */
  launcherFd: number | undefined;
}

export const PIPE_FDS = { stdout: 3, stderr: 4 };
export const LAUNCHER_FD = 5;

/** What the kernel tells the launcher, one JSON text a line. */
export type LauncherMessage =
  | { op: 'ready' }
  | {
      op: 'request';
      seq: number;
      channel: 'shell' | 'control' | 'stdin';
      identities: string[];
      header: unknown;
      count: number;
    }
  | { op: 'started'; seq: number; count: number }
  | { op: 'replied'; seq: number }
  | { op: 'native'; text: string }
  | { op: 'exit'; code: number }
  | { op: 'shutdown' };

export function launchArguments(pipes: boolean): string[] {
  return ['--launcher-fd', String(LAUNCHER_FD), ...(pipes ? ['--pipes'] : [])];
}

export function readArguments(args: string[]): LaunchArguments {
  const { values } = parseArgs({
    args,
    options: { 'connection-file': { type: 'string' }, 'launcher-fd': { type: 'string' }, pipes: { type: 'boolean' } },
  });
  return {
    connectionFile: values['connection-file'],
    pipes: values.pipes ? PIPE_FDS : undefined,
    launcherFd: values['launcher-fd'] === undefined ? undefined : Number(values['launcher-fd']),
  };
}

/** Takes the launcher's settings out of the environment, so that no child process inherits them. */
export function cleanEnvironment(): void {
  delete process.env._STDBUF_O;
  const kept = (process.env.LD_PRELOAD ?? '').split(':').filter((path) => path && !path.endsWith('/libstdbuf.so'));
  if (kept.length) process.env.LD_PRELOAD = kept.join(':');
  else delete process.env.LD_PRELOAD;
}
