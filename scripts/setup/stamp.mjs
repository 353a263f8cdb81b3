// Records the inputs for which a set-up step was done, so that it is repeated only when they change. A stamp is written
// last and atomically: an interrupted step leaves none.

import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, state } from './paths.mjs';

/** A digest of strings and of the contents of files (paths from the root; a missing file counts as empty). */
export function digest(strings, files = []) {
  const hash = createHash('sha256');
  for (const text of strings) hash.update(`${text}\0`);
  for (const file of files) {
    hash.update(`${file}\0`);
    try {
      hash.update(readFileSync(join(root, file)));
    } catch {}
  }
  return hash.digest('hex');
}

/** A digest of the names, sizes and modification times of all files in the folders: fast, and sufficient to detect edits. */
export function digestTree(folders, pattern) {
  const hash = createHash('sha256');
  const visit = (folder) => {
    let entries = [];
    try {
      entries = readdirSync(join(root, folder), { withFileTypes: true });
    } catch {}
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) visit(path);
      else if (pattern.test(entry.name)) {
        const { size, mtimeMs } = statSync(join(root, path));
        hash.update(`${path}\0${size}\0${mtimeMs}\0`);
      }
    }
  };
  folders.forEach(visit);
  return hash.digest('hex');
}

/** Whether step `name` was finished for this digest. */
export function isDone(name, value) {
  try {
    return readFileSync(join(state, `${name}.stamp`), 'utf8') === value;
  } catch {
    return false;
  }
}

export function markDone(name, value) {
  mkdirSync(state, { recursive: true });
  const path = join(state, `${name}.stamp`);
  writeFileSync(`${path}.${process.pid}`, value);
  renameSync(`${path}.${process.pid}`, path);
}

export function markUndone(name) {
  rmSync(join(state, `${name}.stamp`), { force: true });
}
