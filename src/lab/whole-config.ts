// The whole config of a model: what its modules inferred (channels, strides, classes) is written where it was left out.

import { type ConfigObject, type ConfigValue, cloneConfig, isObject } from '../config';
import type { Detector } from '../models/types';
import { detectorPath, valueAt } from './config-access';

/** Options inferred by one module, and its path in the config: `model.neck`. */
export interface InferredOptions {
  path: string;
  values: Record<string, unknown>;
}

/** By detector, from its build. */
const inferences = new WeakMap<Detector, readonly InferredOptions[]>();

export function noteInferred(detector: Detector, inferred: readonly InferredOptions[]): void {
  inferences.set(detector, inferred);
}

/**
 * A copy of the config of a built detector with all that its modules inferred. A module that the config does not write out (a
 * default of the module around it) has the same defaults in MMDetection and stays left out.
 */
export function wholeConfig(config: ConfigObject, detector: Detector): ConfigObject {
  const whole = cloneConfig(config);
  for (const { path, values } of inferences.get(detector) ?? []) {
    const place = valueAt(whole, path);
    // one config for all stages of a cascade is inferred once for each
    if (isObject(place)) Object.assign(place, values as Record<string, ConfigValue>);
  }
  const assigner = valueAt(whole, `${detectorPath(whole)}.train_cfg.assigner`);
  if (isObject(assigner) && 'num_classes' in assigner) assigner.num_classes = detector.numClasses;
  return whole;
}
