// The package as `npm pack` makes it of what is compiled now, without compiling it anew.

import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../src/paths';

const npm = (args: string[]) => {
  const { stdout, stderr, status } = spawnSync('npm', ['pack', '--ignore-scripts', '--json', ...args], {
    cwd: packageRoot,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  if (status !== 0) throw new Error(`npm pack failed: ${stderr}`);
  return JSON.parse(stdout)[0] as { filename: string; files: { path: string }[] };
};

/** Paths of the files that a tarball would have. */
export const packedFiles = (): string[] => npm(['--dry-run']).files.map((file) => file.path);

/** Writes the tarball to a folder; returns its path. */
export function pack(folder: string): string {
  mkdirSync(folder, { recursive: true });
  return path.join(folder, npm(['--pack-destination', folder]).filename);
}
