// The file that a model is loaded from: of a run's folder, a checkpoint's folder, an address.

import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { DetLabError } from '../errors';
import { ENSEMBLE_FILE } from './ensemble-folder';
import { fetchWeights } from './weights/fetch-weights';
import { isWeightsAddress } from './weights/hub-address';

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
