// Loads pretrained weights after initialisation: those of `init_cfg: { type: 'Pretrained' }` in any module of the config,
// then those of `loadFrom` or the config's `load_from`.

import { loadWeights, readWeights, reportLines } from '../checkpoints';
import { type ConfigObject, type ConfigValue, isObject } from '../config';
import { DetLabError } from '../errors';
import type { Detector } from '../models/types';
import { type LoadFrom, placeFor, weightsFile } from './weights-file';

type Notice = (line: string) => void;

/** @throws DetLabError when the file is missing or no tensor matches */
export function startFrom(detector: Detector, { file, key, ...options }: LoadFrom, notice: Notice): void {
  const resolved = weightsFile(file);
  if (!resolved)
    throw new DetLabError(
      `Cannot find the weights "${file}": there is no such file, and no ${placeFor(file)}. ` +
        'Nothing is downloaded: put the file there, or specify its path',
    );
  for (const line of reportLines(loadWeights(detector, readWeights(resolved, { key }), options))) notice(line);
}

/** Loads the weights of each `init_cfg`; if a file is missing, a notice says where to put it. */
export function loadPretrained(detector: Detector, model: ConfigObject, notice: Notice): void {
  const parts = new Set([...detector.modules()].map(([name]) => name));
  for (const { path, checkpoint, prefix } of pretrainedParts(model)) {
    const part = path === '' ? 'the model' : path;
    const file = weightsFile(checkpoint);
    if (!file)
      notice(
        `pretrained weights "${checkpoint}" not found: ${part} starts from random weights. Put the file at ${placeFor(checkpoint)}`,
      );
    else if (!parts.has(path))
      notice(`pretrained weights "${checkpoint}" are ignored: the model has no module "${path}"`);
    else {
      const weights = readWeights(file);
      const options = { part: path === '' ? undefined : path, prefix };
      for (const line of reportLines(loadWeights(detector, weights, options))) notice(line);
    }
  }
}

interface Pretrained {
  /** Path of the module: `backbone`, `roi_head.bbox_head`. */
  path: string;
  checkpoint: string;
  prefix?: string;
}

function* pretrainedParts(value: ConfigValue, path = ''): Generator<Pretrained> {
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) yield* pretrainedParts(item, path === '' ? String(i) : `${path}.${i}`);
    return;
  }
  if (!isObject(value)) return;
  const init = value.init_cfg;
  for (const one of Array.isArray(init) ? init : [init]) {
    if (!isObject(one as ConfigValue)) continue;
    const { type, checkpoint, prefix } = one as ConfigObject;
    if (type !== 'Pretrained' || typeof checkpoint !== 'string') continue;
    yield { path, checkpoint, prefix: typeof prefix === 'string' ? prefix : undefined };
  }
  for (const [key, child] of Object.entries(value))
    if (key !== 'init_cfg') yield* pretrainedParts(child, path === '' ? key : `${path}.${key}`);
}
