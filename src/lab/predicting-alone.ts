// The detector that predicts, without those that only teach it: what a file for other programs has of a semi-supervised or distilled
// model, with its part of the config.

import { type ConfigObject, isObject } from '../config';
import { DetLabError } from '../errors';
import { TrackingDetector } from '../models/detectors/tracking-detector';
import type { Detector } from '../models/types';
import { objectAt } from './config-access';

interface Whole {
  detector: Detector;
  config: ConfigObject;
}

/** @returns what is given, where nothing teaches it */
export function predictingAlone({ detector, config }: Whole): Whole {
  const model = objectAt(config, 'model');
  const { data_preprocessor: given } = model;
  const alone = (one: Detector, part: ConfigObject, own = given): Whole => ({
    detector: one,
    config: { ...config, model: { ...part, ...(isObject(own) && { data_preprocessor: own }) } },
  });
  if (detector.predictor)
    return alone(
      detector.predictor,
      objectAt(model, 'detector'),
      isObject(given) ? given.data_preprocessor : undefined,
    );
  if (detector.distilled) return alone(detector.distilled, objectAt(model, 'architecture'));
  if (!detector.teacher) return { detector, config };
  // a student with a teacher is a detector of one stage
  const own = Object.entries(model).filter(([key]) => !/^(eval_)?teacher(_|$)/.test(key));
  return alone(detector, { ...Object.fromEntries(own), type: 'SingleStageDetector' });
}

/**
 * The detector inside of one that tracks, with its part of the config.
 *
 * @throws DetLabError where nothing tracks
 */
export function withoutTracker({ detector, config }: Whole, name: string): Whole {
  if (!(detector instanceof TrackingDetector))
    throw new DetLabError(`Cannot save "${name}": { tracker: false } is of models that track. Leave tracker out`);
  const model = objectAt(config, 'model');
  const { data_preprocessor: own } = model;
  const part = { ...objectAt(model, 'detector'), ...(isObject(own) && { data_preprocessor: own }) };
  return { detector: detector.detector, config: { ...config, model: part } };
}
