// Installs the kernelspec into a `kernels` folder and uninstalls it. Another kernel's kernelspec is never changed without
// --force, and each file is replaced by rename, so that Jupyter sees either the old or the new one.

import { randomBytes } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DetLabError } from '../../errors';
import { isOurs, type Kernelspec, kernelName, kernelspecFiles, readKernelspec } from './kernelspec';

/** The owner of the kernel's name in a `kernels` folder. */
function occupant(folder: string): 'nobody' | 'ours' | 'foreign' {
  const stat = lstatSync(folder, { throwIfNoEntry: false });
  if (!stat) return 'nobody';
  if (isOurs(readKernelspec(folder))) return 'ours';
  // an installation interrupted before its kernel.json
  return stat.isDirectory() && readdirSync(folder).every((name) => /^(logo-|\.)/.test(name)) ? 'ours' : 'foreign';
}

function whose(folder: string): string {
  const spec = readKernelspec(folder);
  if (typeof spec === 'object') return `the kernel "${(spec as Kernelspec).display_name ?? spec.argv.join(' ')}"`;
  return spec ?? 'no readable kernelspec';
}

/** Runs file operations; reports what failed and what to try on errors of the file system. */
function attempt<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const { code, path: where } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const denied = code === 'EACCES' || code === 'EPERM' || code === 'EROFS';
    const next = denied ? '. Choose a folder with write permission: --user, --sys-prefix or --prefix' : '';
    throw new DetLabError(`Cannot ${what}: ${code} at ${where ?? 'an unnamed file'}${next}`);
  }
}

const same = (file: string, content: Buffer) => {
  try {
    return readFileSync(file).equals(content);
  } catch {
    return false;
  }
};

export interface Installed {
  folder: string;
  /** False: it was installed and up to date. */
  changed: boolean;
}

/** @param kernels the `kernels` folder, created if necessary */
export function installKernelspec(kernels: string, options: { force?: boolean } = {}): Installed {
  const folder = path.join(kernels, kernelName);
  return attempt(`install the kernel in ${folder}`, () => {
    const holder = occupant(folder);
    if (holder === 'foreign' && !options.force) {
      throw new DetLabError(
        `Cannot install the kernel in ${folder}: it contains ${whose(folder)}, which is not DetLab's. Install elsewhere (--user, --sys-prefix, --prefix), or replace it with --force`,
      );
    }
    const linked = lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink();
    if (holder === 'foreign' || linked) rmSync(folder, { recursive: true });
    mkdirSync(folder, { recursive: true });
    const files = kernelspecFiles();
    // another installation may be writing its files right now
    const isRecent = (name: string) =>
      name.startsWith('.') &&
      (lstatSync(path.join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0) > Date.now() - 60_000;
    const outdated = readdirSync(folder).filter((name) => !files.some(([known]) => known === name) && !isRecent(name));
    let changed = outdated.length > 0;
    for (const [name, content] of files) {
      const file = path.join(folder, name);
      if (same(file, content)) continue;
      changed = true;
      const fresh = path.join(folder, `.${name}.${randomBytes(4).toString('hex')}`);
      writeFileSync(fresh, content, { mode: 0o644 });
      renameSync(fresh, file);
    }
    for (const name of outdated) rmSync(path.join(folder, name), { recursive: true, force: true });
    return { folder, changed };
  });
}

/** Removes the kernelspec; `removed` is false if there was none. */
export function uninstallKernelspec(kernels: string): { folder: string; removed: boolean } {
  const folder = path.join(kernels, kernelName);
  return attempt(`uninstall the kernel from ${folder}`, () => {
    const holder = occupant(folder);
    if (holder === 'nobody') return { folder, removed: false };
    if (holder === 'foreign') {
      throw new DetLabError(
        `Cannot uninstall the kernel from ${folder}: it contains ${whose(folder)}, which is not DetLab's. Remove it by hand if intended`,
      );
    }
    rmSync(folder, { recursive: true });
    return { folder, removed: true };
  });
}
