// From a model config to a detector.

import { checkModel } from '../catalogue/check-model';
import type { ModuleConfig, Registry } from '../catalogue/registry';
import { DetLabError } from '../errors';
import { createRegistry } from './catalogue';
import type { Detector } from './types';

export interface BuildDetectorOptions {
  /** Where module names are looked up: the catalogue when absent. */
  registry?: Registry;
  /** Classes of the dataset: fills `num_classes`, which must agree where the config gives it. */
  numClasses?: number;
  /** Their names, in place of their number. */
  classes?: readonly string[];
}

/**
 * Builds the detector of a `model` config. Its weights are zero until `initWeights` or `loadStateDict`.
 *
 * @throws DetLabError listing every wrong option of the whole config, or naming two parts that do not fit each other.
 * @example const model = buildDetector(config.model, { classes: ['cat', 'dog'] }); model.initWeights(Random.seeded(0));
 */
export function buildDetector(config: ModuleConfig, options: BuildDetectorOptions = {}): Detector {
  const { registry = createRegistry(), classes, numClasses = classes?.length } = options;
  if (classes && numClasses !== classes.length)
    throw new DetLabError(
      `Cannot build a detector: numClasses is ${numClasses}, but classes names ${classes.length}. Give one of the two`,
    );
  checkModel(config, registry);
  const detector = registry.build('detector', config, { path: 'model', numClasses });
  if (classes && 'classNames' in detector) detector.classNames = classes;
  return detector;
}
