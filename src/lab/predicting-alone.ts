// The detector that predicts, without those that only teach it: what a file for other programs has of a semi-supervised or distilled
// model, with its part of the config.

import { type ConfigObject, isObject } from '../config';
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
