// `[CONFIG] WEIGHTS ...` of commands that use a trained model: the config is left out where the weights file holds it.

import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { readWeights } from '../checkpoints';
import { DetLabError } from '../errors';
import { detector } from '../lab/detector';
import { Ensemble } from '../lab/ensemble';
import { ENSEMBLE_FILE } from '../lab/ensemble-folder';
import { Model } from '../lab/model';
import { modelFile, withoutConfig } from '../lab/model-file';
import { ownMeta } from '../lab/own-meta';
import { isWeightsAddress } from '../lab/weights/hub-address';

const WEIGHTS = ['.safetensors', '.pth', '.pt', '.bin', '.ckpt'];

/** Whether an argument names weights: a file of theirs or its address, or a folder of a run or checkpoint. */
const isWeights = (argument: string): boolean =>
  isWeightsAddress(argument) ||
  WEIGHTS.includes(path.extname(argument).toLowerCase()) ||
  statSync(argument, { throwIfNoEntry: false })?.isDirectory() === true;

export interface ModelArguments {
  model: Model;
  /** What comes after the weights. */
  rest: string[];
}

/** @throws DetLabError when a config is needed and not given, or nothing comes after it */
export async function openModel(
  given: readonly string[],
  cfgOptions: readonly string[] | undefined,
): Promise<ModelArguments> {
  const [first, ...others] = given;
  if (!isWeights(first)) {
    const [weights, ...rest] = others;
    if (weights === undefined)
      throw new DetLabError(
        `Cannot load a model: expected [CONFIG] WEIGHTS, received "${first}" alone, which is no weights file`,
      );
    return { model: await detector(first, { options: cfgOptions }).load(weights), rest };
  }
  if (cfgOptions === undefined) return { model: await Model.load(first), rest: others };
  const meta = ownMeta(readWeights(await modelFile(first)), (line) => console.error(line));
  if (!meta) throw withoutConfig(first);
  return {
    model: await detector(meta.config, { options: cfgOptions }).classes(meta.classes).load(first),
    rest: others,
  };
}

/** A model or, by its folder, an ensemble, which needs no config. */
export async function openPredictor(
  given: readonly string[],
  cfgOptions: readonly string[] | undefined,
): Promise<{ model: Model | Ensemble; rest: string[] }> {
  const [first, ...rest] = given;
  if (!existsSync(path.join(first, ENSEMBLE_FILE))) return openModel(given, cfgOptions);
  if (cfgOptions !== undefined)
    throw new DetLabError(
      `Cannot use --cfg-options with the ensemble "${first}": each of its models has a config. Use its files one by one`,
    );
  return { model: await Ensemble.load(first), rest };
}

/** The model of a command that takes nothing else. @param doing what the command does, in errors */
export async function openOnly(
  given: readonly string[],
  cfgOptions: readonly string[] | undefined,
  doing: string,
): Promise<Model> {
  const { model, rest } = await openModel(given, cfgOptions);
  if (rest.length === 0) return model;
  model.dispose();
  throw new DetLabError(`Cannot ${doing}: expected [CONFIG] WEIGHTS, received "${rest[0]}" too`);
}
