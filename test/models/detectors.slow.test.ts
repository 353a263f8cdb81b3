// Further variants of the families of detectors.test.ts, against the same references.

import { beforeAll, describe, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { goldenJson } from '../golden-data';
import { checkSmallModel, type SmallModels } from './detectors/check-small-model';

beforeAll(async () => void (await startEngine()));

test('RTMDet of rotated boxes with losses of upright boxes and of angles', () =>
  checkSmallModel(goldenJson<SmallModels>('zoo_rtmdet_r_slow'), 'apart'));

test('RetinaNet distilled by a whole teacher, by levels of its pyramid and calls of its towers', () =>
  checkSmallModel(goldenJson<SmallModels>('zoo_distilled_slow'), 'retinanet'));

// Swin: windows on maps that are no whole number of them
describe.each(['yolov7_x', 'yolov7_e', 'mask2former_swin'])('%s', (family) => {
  const golden = goldenJson<SmallModels>(`zoo_${family}_slow`);
  test.each(Object.keys(golden.models))('%s', (name) => checkSmallModel(golden, name));
});
