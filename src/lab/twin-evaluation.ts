// TeacherStudentValLoop (MMDetection 3.x): both detectors of a semi-supervised one are evaluated, the teacher first.

import type { ConfigObject } from '../config';
import { DetLabError } from '../errors';
import type { Detector } from '../models/types';
import { valueAt } from './config-access';
import type { Report } from './report';

const ORDER = ['teacher', 'student'];

/**
 * Those that each evaluation of a run is made of; none where it is of the detector that predicts.
 * @throws DetLabError where the config asks for both and there is one
 */
export function evaluatedTwins(detector: Detector, config: ConfigObject): readonly string[] {
  if (!/\bTeacherStudentValLoop$/.test(String(valueAt(config, 'val_cfg.type')))) return [];
  const { twins } = detector;
  if (twins) return ORDER.filter((name) => twins.includes(name));
  throw new DetLabError(
    `Cannot evaluate by TeacherStudentValLoop: expected a detector with a teacher and a student, received ${detector.constructor.name}. ` +
      "Set val_cfg: { type: 'ValLoop' }",
  );
}

/**
 * The report of the one that predicts, with those of all; undefined where an evaluation gave none.
 * @param evaluate the detector as it predicts then
 */
export async function evaluateTwins(
  detector: Detector,
  names: readonly string[],
  evaluate: () => Promise<Report | undefined>,
): Promise<Report | undefined> {
  const predicting = detector.predictsBy;
  const reports: { name: string; report: Report }[] = [];
  try {
    for (const name of names) {
      detector.predictsBy = name;
      const report = await evaluate();
      if (report) reports.push({ name, report });
    }
  } finally {
    detector.predictsBy = predicting;
  }
  if (reports.length < names.length) return undefined;
  return (reports.find(({ name }) => name === predicting) ?? reports[0]).report.withTwins(reports);
}
