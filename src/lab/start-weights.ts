// The weights a model starts from, after its initialisers: those the config asks for by `init_cfg: { type: 'Pretrained' }`
// in any of its parts, then those of `loadFrom` or the config's `load_from`.

import { loadWeights, readWeights, reportLines } from '../checkpoints';
import { type ConfigObject, type ConfigValue, isObject } from '../config';
import { DetLabError } from '../errors';
import type { Detector } from '../models/types';
import { type LoadFrom, placeFor, weightsFile } from './weights-file';

type Notice = (line: string) => void;

/** @throws DetLabError when the file is not there or nothing of it fits */
export function startFrom(detector: Detector, { file, key, ...options }: LoadFrom, notice: Notice): void {
  const found = weightsFile(file);
  if (!found)
    throw new DetLabError(
      `Cannot find the weights "${file}": there is no such file, and none in its place at ${placeFor(file)}. ` +
        'Nothing is downloaded: fetch the file and put it there, or give its path',
    );
  for (const line of reportLines(loadWeights(detector, readWeights(found, { key }), options))) notice(line);
}

/** Weights that `init_cfg` asks for, where the file is at hand; elsewhere a notice says where to put it. */
export function loadPretrained(detector: Detector, model: ConfigObject, notice: Notice): void {
  const parts = new Set([...detector.modules()].map(([name]) => name));
  for (const { path, checkpoint, prefix } of pretrainedParts(model)) {
    const where = path === '' ? 'the model' : `the ${path}`;
    const file = weightsFile(checkpoint);
    if (!file)
      notice(
        `pretrained weights "${checkpoint}" are not at hand: ${where} starts from random weights. Put them in ${placeFor(checkpoint)}`,
      );
    else if (!parts.has(path))
      notice(`pretrained weights "${checkpoint}" are not used: the model has no part "${path}"`);
    else {
      const weights = readWeights(file);
      const options = { part: path === '' ? undefined : path, prefix };
      for (const line of reportLines(loadWeights(detector, weights, options))) notice(line);
    }
  }
}

interface Pretrained {
  /** Of the module: `backbone`, `roi_head.bbox_head`. */
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
