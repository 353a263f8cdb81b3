// A weights file that holds its own config, loaded under another one: what differs between both is named, since it is why tensors
// do not match, or why the same weights detect otherwise.

import type { Weights } from '../checkpoints';
import type { ConfigObject } from '../config';
import { DetLabError } from '../errors';
import type { Detector } from '../models/types';
import { type ConfigDifference, configDifferences } from './config-differences';
import { evaluationPipeline } from './evaluation-pipeline';
import { loadStrictly } from './load-strictly';

/** What of a model says how it is trained or initialised, and nothing of its predictions. */
const OF_TRAINING =
  /(^|\.)(train_cfg|init_cfg|pretrained|frozen_stages|norm_eval|with_cp|norm_cfg\.requires_grad|loss_\w+|batch_augments)(\.|$)/;
const LISTED = 5;

/**
 * @param given the config the detector was built with, completed by what its modules inferred
 * @param own the file's, if it holds one
 * @throws DetLabError when tensors do not match, with what differs between the configs
 */
export function loadUnder(
  given: ConfigObject,
  detector: Detector,
  weights: Weights,
  own: ConfigObject | undefined,
  notice: (line: string) => void,
): void {
  const differences = own === undefined ? [] : ownDifferences(given, own);
  try {
    loadStrictly(detector, weights);
  } catch (error) {
    if (!(error instanceof DetLabError) || own === undefined) throw error;
    const listed = differences.length > 0 ? differencesText(differences) : 'the same options';
    throw new DetLabError(
      `${error.message}\n  the file holds its own config, which differs: ${listed}` +
        `\n  Leave the given config out: Model.load("${weights.source}"), detlab predict ${weights.source} SOURCE`,
    );
  }
  if (differences.length > 0)
    notice(
      `"${weights.source}" holds a config of its own that differs from the given one, which is used: ${differencesText(differences)}`,
    );
}

/** In the model and the test pipeline, apart from what is of training. */
function ownDifferences(given: ConfigObject, own: ConfigObject): ConfigDifference[] {
  const parts = [given, own].map((config) => {
    const { steps } = evaluationPipeline(config, 'test');
    return { model: config.model, test_pipeline: steps } as unknown as ConfigObject;
  });
  return configDifferences(parts).filter(({ path }) => !OF_TRAINING.test(path));
}

function differencesText(differences: readonly ConfigDifference[]): string {
  const more = differences.length - LISTED;
  const lines = differences
    .slice(0, LISTED)
    .map(
      ({ path, values: [given, own] }) =>
        `${path} is ${own ?? 'absent'} in the file, ${given ?? 'absent'} in the given config`,
    );
  return [...lines, ...(more > 0 ? [`${more} more`] : [])].join('; ');
}
