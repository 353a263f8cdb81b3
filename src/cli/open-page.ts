// Opens an HTML file with the system's viewer, where there is a display.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

/** Whether a window can be opened from here. */
export function hasDisplay(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): boolean {
  if (platform === 'win32' || platform === 'darwin') return env.SSH_CONNECTION === undefined;
  return Boolean(env.DISPLAY || env.WAYLAND_DISPLAY);
}

/** The program that opens a file, and its arguments. */
export function viewerOf(file: string, platform: NodeJS.Platform = process.platform): [string, ...string[]] {
  if (platform === 'darwin') return ['open', file];
  // `start` takes its first quoted argument as the title
  if (platform === 'win32') return ['cmd', '/c', 'start', '""', `"${file}"`];
  return ['xdg-open', file];
}

const isOnPath = (program: string): boolean =>
  (process.env.PATH ?? '')
    .split(path.delimiter)
    .some((folder) => folder !== '' && existsSync(path.join(folder, program)));

/** Opens the file; returns false where there is no program for it. The viewer outlives this process. */
export async function openPage(file: string): Promise<boolean> {
  const [program, ...args] = viewerOf(file);
  if (process.platform === 'linux' && !isOnPath(program)) return false;
  const viewer = spawn(program, args, {
    detached: true,
    stdio: 'ignore',
    windowsVerbatimArguments: process.platform === 'win32',
  });
  viewer.unref();
  return new Promise((resolve) => {
    viewer.once('error', () => resolve(false));
    viewer.once('spawn', () => resolve(true));
  });
}
