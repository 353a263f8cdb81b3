// An ensemble on disk: a folder with the weights file of each model, and ensemble.json, which names them in order and says how
// their detections are merged.

import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DetLabError } from '../errors';

export const ENSEMBLE_FILE = 'ensemble.json';

interface Stored {
  models: string[];
  options: object;
}

interface Savable {
  save(file: string): string;
}

/**
 * Writes the folder; ensemble.json comes last, so that a folder with it is whole.
 * @throws DetLabError for the name of a file, and for a folder of other things
 */
export function saveEnsemble(folder: string, models: readonly Savable[], options: object): string {
  const target = path.resolve(folder);
  const stat = statSync(target, { throwIfNoEntry: false });
  if ((stat && !stat.isDirectory()) || (!stat && path.extname(target) !== ''))
    throw new DetLabError(
      `Cannot save the ensemble as "${folder}": expected a folder, "ensemble/", which gets a weights file of each model and ${ENSEMBLE_FILE}`,
    );
  mkdirSync(target, { recursive: true });
  const list = path.join(target, ENSEMBLE_FILE);
  rmSync(list, { force: true });
  const names = models.map((_, i) => `model-${i + 1}.safetensors`);
  models.forEach((model, i) => void model.save(path.join(target, names[i])));
  const draft = `${list}.${process.pid}`;
  const stored: Stored = { models: names, options };
  writeFileSync(draft, `${JSON.stringify(stored, null, 2)}\n`);
  renameSync(draft, list);
  return target;
}

/** The weights files and options of a folder. @throws DetLabError for one without, or with a damaged, ensemble.json */
export function readEnsemble(folder: string): { files: string[]; options: object } {
  const list = path.join(folder, ENSEMBLE_FILE);
  const fail = (why: string) => new DetLabError(`Cannot load the ensemble "${folder}": ${why}`);
  if (!existsSync(list))
    throw fail(
      `it has no ${ENSEMBLE_FILE}. \`ensemble(models).save('folder/')\` writes one; a single model is loaded by Model.load`,
    );
  let stored: unknown;
  try {
    stored = JSON.parse(readFileSync(list, 'utf8'));
  } catch (error) {
    throw fail(`${ENSEMBLE_FILE} is no JSON: ${(error as Error).message}`);
  }
  const { models, options = {} } = (stored ?? {}) as Partial<Stored>;
  // files of the folder itself: a list from elsewhere opens no other
  const isName = (name: unknown): name is string =>
    typeof name === 'string' && name !== '' && name !== '..' && !/[\\/]/.test(name);
  if (
    !Array.isArray(models) ||
    !models.every(isName) ||
    typeof options !== 'object' ||
    options === null ||
    Array.isArray(options)
  )
    throw fail(`expected { "models": [names of files in the folder], "options": {...} } in ${ENSEMBLE_FILE}`);
  return { files: models.map((name) => path.join(folder, name)), options };
}
