// Loads weights of which every tensor must match, and finds the model file and the metadata of what DetLab saved.

import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { loadWeights, type Weights } from '../checkpoints';
import type { ConfigObject } from '../config';
import { DetLabError } from '../errors';
import type { Detector } from '../models/types';
import { ENSEMBLE_FILE } from './ensemble-folder';
import { fetchWeights } from './weights/fetch-weights';
import { isWeightsAddress } from './weights/hub-address';

/** @throws DetLabError when a tensor is missing, unexpected or of another shape, with the likely cause */
export function loadStrictly(detector: Detector, weights: Weights): void {
  const report = loadWeights(detector, weights);
  const shapes = report.mismatched.map((m) => `${m.name}: expected [${m.expected}], received [${m.received}]`);
  const mismatches = [
    ...shapes,
    ...report.missing.map((name) => `${name} is missing`),
    ...report.unexpected.map((name) => `${name} is not in the model`),
  ];
  if (mismatches.length > 0)
    throw new DetLabError(
      `Cannot load "${weights.source}": ${mismatches.length} tensors do not match the config: ${mismatches.slice(0, 3).join('; ')}` +
        report.causes.map((cause) => `\n  likely cause: ${cause}`).join(''),
    );
}

/** The config and classes of a file saved by DetLab; undefined for other files. */
export function metaOf({
  detlab,
}: Pick<Weights, 'detlab'>):
  | { name: string; classes: string[]; config: ConfigObject; threshold?: unknown }
  | undefined {
  try {
    const meta = JSON.parse(detlab ?? 'null');
    return meta && Array.isArray(meta.classes) && typeof meta.config === 'object' ? meta : undefined;
  } catch {
    return undefined;
  }
}

/** The model file of a run's folder or a checkpoint's folder, of an address, or the file itself. */
export async function modelFile(place: string): Promise<string> {
  if (isWeightsAddress(place)) return fetchWeights(place);
  if (!existsSync(place)) throw new DetLabError(`Cannot find the model "${place}": there is no such file or folder`);
  if (statSync(place).isFile()) return place;
  if (existsSync(path.join(place, ENSEMBLE_FILE)))
    throw new DetLabError(
      `Cannot load "${place}" as a model: it is an ensemble. Use Ensemble.load("${place}"), or one of its files`,
    );
  const root = existsSync(path.join(place, 'checkpoints')) ? path.join(place, 'checkpoints') : place;
  const pointer = path.join(root, 'last_checkpoint');
  const folder = existsSync(pointer) ? path.join(root, readFileSync(pointer, 'utf8').trim()) : root;
  const file = path.join(folder, 'model.safetensors');
  if (!existsSync(file)) throw new DetLabError(`Cannot find a model in "${place}": it has no model.safetensors`);
  return file;
}

/** Of weights that are asked to be a model. */
export const withoutConfig = (file: string): DetLabError =>
  new DetLabError(
    `Cannot load "${file}" as a model: it has tensors but no config. Use detector(config).load("${file}"), or ` +
      `detlab predict CONFIG ${file} SOURCE`,
  );
