// Which file a config's checkpoint name means. Names with a scheme (torchvision://resnet50, https://...) stand for a file of
// that name in weights/, since nothing is fetched.

import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { LoadWeightsOptions } from '../checkpoints';

/** Weights to start from: a file, and which part of it goes where. */
export interface LoadFrom extends LoadWeightsOptions {
  file: string;
  /** Entry of a PyTorch file (`state_dict_ema`); the usual ones in turn when absent. */
  key?: string;
}

const FOLDER = 'weights';
const EXTENSIONS = ['.safetensors', '.pth', '.pt', '.bin'];

/** What a name without its scheme and folders is: `open-mmlab://detectron2/resnet50_caffe` -> `resnet50_caffe`. */
const baseOf = (name: string): string => path.posix.basename(name.replace(/^[\w-]+:\/\//, '').replace(/[?#].*$/, ''));

/** Where a person would put the weights that `name` asks for. */
export const placeFor = (name: string): string => {
  const base = baseOf(name);
  return path.join(FOLDER, EXTENSIONS.includes(path.extname(base)) ? base : `${base}.pth`);
};

/**
 * The file at hand for a name: the path itself, else one in `weights/` of this name, with or without an extension, or with
 * the hash that torchvision adds (`resnet50-0676ba61.pth`). Undefined when there is none.
 */
export function weightsFile(name: string): string | undefined {
  if (!/^[\w-]{2,}:\/\//.test(name) && existsSync(name)) return name;
  const base = baseOf(name);
  const extension = path.extname(base);
  const stem = EXTENSIONS.includes(extension) ? base.slice(0, -extension.length) : base;
  const there = existsSync(FOLDER) ? readdirSync(FOLDER).sort() : [];
  const exact = [base, ...EXTENSIONS.flatMap((e) => [base + e, stem + e])].find((file) => there.includes(file));
  const hashed = there.find(
    (file) =>
      EXTENSIONS.includes(path.extname(file)) &&
      file.startsWith(`${stem}-`) &&
      /^[0-9a-f]{8}\.\w+$/.test(file.slice(stem.length + 1)),
  );
  const found = exact ?? hashed;
  return found === undefined ? undefined : path.join(FOLDER, found);
}
