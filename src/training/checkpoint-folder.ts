// Where the checkpoints of a run are: `checkpoints/` of its folder, which is a link where `out_dir` puts them elsewhere, so that
// all that reads a run finds them.

import { lstatSync, mkdirSync, realpathSync, rmdirSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { DetLabError } from '../errors';
import { setAsideCheckpoints } from './checkpoint';

/** As mmengine has it: `out_dir` and the last part of the run's folder. */
const elsewhere = (workDir: string, outDir: string): string =>
  path.resolve(outDir, path.basename(path.resolve(workDir)));

/**
 * Puts the checkpoints of an earlier run aside unless this one goes on from them, and makes the link where one is due.
 * @returns the folder in which earlier checkpoints are now, if there were any
 * @throws DetLabError for a run that goes on in another folder than its checkpoints are in
 */
export async function openCheckpoints(
  workDir: string,
  { outDir, resume }: { outDir?: string; resume: boolean },
): Promise<string | undefined> {
  const root = path.join(workDir, 'checkpoints');
  if (outDir === undefined) return resume ? undefined : setAsideCheckpoints(root);
  const target = elsewhere(workDir, outDir);
  const there = lstatSync(root, { throwIfNoEntry: false });
  if (resume && there && realPath(root) !== realPath(target))
    throw new DetLabError(
      `Cannot resume: the checkpoints of this run are in "${realPath(root)}", and out_dir asks for "${target}". Move them ` +
        'there, or leave out_dir out',
    );
  let aside: string | undefined;
  if (!resume) {
    aside = await setAsideCheckpoints(target);
    // those of a run without out_dir
    if (there && !there.isSymbolicLink()) aside = (await setAsideCheckpoints(root)) ?? aside;
  }
  mkdirSync(target, { recursive: true });
  // a link of an earlier run, or an empty folder
  const left = lstatSync(root, { throwIfNoEntry: false });
  if (left?.isSymbolicLink()) rmSync(root);
  else if (left) rmdirSync(root);
  symlinkSync(target, root, 'dir');
  return aside;
}

function realPath(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return path.resolve(folder); // not made yet
  }
}
