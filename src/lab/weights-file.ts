// Resolves the names of checkpoints to files. One with a scheme (torchvision://resnet50, https://...) means the file of that
// name in weights/, where there is one; others are downloaded (weights/fetch-weights.ts). toytown://... is in the weights/ of
// the package.

import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { LoadWeightsOptions } from '../checkpoints';
import { packageRoot } from '../paths';
import { hubFileName } from './weights/hub-address';

/** Weights to start from: a file, and which part of it to load into which module. */
export interface LoadFrom extends LoadWeightsOptions {
  file: string;
  /** Entry of a PyTorch file (`state_dict_ema`); by default the first of the usual ones. */
  key?: string;
}

const FOLDER = 'weights';
const EXTENSIONS = ['.safetensors', '.pth', '.pt', '.bin'];

/** A name without scheme, folders and query: `open-mmlab://detectron2/resnet50_caffe` -> `resnet50_caffe`. */
const baseOf = (name: string): string => path.posix.basename(name.replace(/^[\w-]+:\/\//, '').replace(/[?#].*$/, ''));

/** The path where the weights `name` are expected. */
export const placeFor = (name: string): string => {
  const base = baseOf(name);
  return path.join(FOLDER, EXTENSIONS.includes(path.extname(base)) ? base : `${base}.pth`);
};

/**
 * The file of a name: the path itself, or a file in `weights/` of this name, with or without extension, or with the hash
 * that torchvision appends (`resnet50-0676ba61.pth`); of the working directory first, then of the package. The file that a hub
 * has under the name comes first, and one with another hash counts only where the hub's is named so too. Undefined when there
 * is none.
 */
export function weightsFile(name: string): string | undefined {
  if (!/^[\w-]{2,}:\/\//.test(name) && existsSync(name)) return name;
  const base = baseOf(name);
  const extension = path.extname(base);
  const stem = EXTENSIONS.includes(extension) ? base.slice(0, -extension.length) : base;
  const atHub = hubFileName(name);
  // as seen from here: a log or a notebook has no path of the machine
  for (const folder of [FOLDER, path.join(path.relative('', packageRoot), FOLDER)]) {
    const match = fileIn(folder, base, stem, atHub);
    if (match !== undefined) return path.join(folder, match);
  }
  return undefined;
}

function fileIn(folder: string, base: string, stem: string, atHub: string | undefined): string | undefined {
  const files = existsSync(folder) ? readdirSync(folder).sort() : [];
  const exact = [atHub ?? base, base, ...EXTENSIONS.flatMap((e) => [base + e, stem + e])].find((file) =>
    files.includes(file),
  );
  const hashed = files.find(
    (file) =>
      (atHub === undefined || atHub.startsWith(`${stem}-`)) &&
      EXTENSIONS.includes(path.extname(file)) &&
      file.startsWith(`${stem}-`) &&
      /^[0-9a-f]{8}\.\w+$/.test(file.slice(stem.length + 1)),
  );
  return exact ?? hashed;
}
