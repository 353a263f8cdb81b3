// Writes the kernelspec into a `kernels` folder and takes it away again. Never touches a kernelspec of somebody else's
// unless told to, and each file is replaced by rename: Jupyter sees the old one or the new one.

import { randomBytes } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DetLabError } from '../../errors';
import { isOurs, type Kernelspec, kernelName, kernelspecFiles, readKernelspec } from './kernelspec';

/** What holds the kernel's name in a `kernels` folder. */
function occupant(folder: string): 'nobody' | 'ours' | 'foreign' {
  const stat = lstatSync(folder, { throwIfNoEntry: false });
  if (!stat) return 'nobody';
  if (isOurs(readKernelspec(folder))) return 'ours';
  // an install that never got as far as its kernel.json
  return stat.isDirectory() && readdirSync(folder).every((name) => /^(logo-|\.)/.test(name)) ? 'ours' : 'foreign';
}

function whose(folder: string): string {
  const spec = readKernelspec(folder);
  if (typeof spec === 'object') return `the kernel "${(spec as Kernelspec).display_name ?? spec.argv.join(' ')}"`;
  return spec ?? 'no kernelspec that can be read';
}

/** Runs file work; says what could not be done, and what to try, when the file system refuses. */
function attempt<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const { code, path: where } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const denied = code === 'EACCES' || code === 'EPERM' || code === 'EROFS';
    const next = denied ? '. Choose a place you may write to: --user, --sys-prefix or --prefix' : '';
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
  /** False: everything was there as it should be. */
  changed: boolean;
}

/** @param kernels the `kernels` folder, made when absent */
export function installKernelspec(kernels: string, options: { force?: boolean } = {}): Installed {
  const folder = path.join(kernels, kernelName);
  return attempt(`install the kernel in ${folder}`, () => {
    const holder = occupant(folder);
    if (holder === 'foreign' && !options.force) {
      throw new DetLabError(
        `Cannot install the kernel in ${folder}: it holds ${whose(folder)}, which is not DetLab's. Install elsewhere (--user, --sys-prefix, --prefix), or replace it with --force`,
      );
    }
    const linked = lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink();
    if (holder === 'foreign' || linked) rmSync(folder, { recursive: true });
    mkdirSync(folder, { recursive: true });
    const files = kernelspecFiles();
    // another install may be writing its files this very moment
    const young = (name: string) =>
      name.startsWith('.') &&
      (lstatSync(path.join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0) > Date.now() - 60_000;
    const outdated = readdirSync(folder).filter((name) => !files.some(([known]) => known === name) && !young(name));
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

/** Takes the kernelspec away; `removed` is false when there was none. */
export function uninstallKernelspec(kernels: string): { folder: string; removed: boolean } {
  const folder = path.join(kernels, kernelName);
  return attempt(`uninstall the kernel from ${folder}`, () => {
    const holder = occupant(folder);
    if (holder === 'nobody') return { folder, removed: false };
    if (holder === 'foreign') {
      throw new DetLabError(
        `Cannot uninstall the kernel from ${folder}: it holds ${whose(folder)}, which is not DetLab's. Remove it by hand if you mean to`,
      );
    }
    rmSync(folder, { recursive: true });
    return { folder, removed: true };
  });
}
