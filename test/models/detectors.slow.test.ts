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
describe.each(['x', 'e'].map((arch) => `zoo_yolov7_${arch}_slow`))('%s', (family) => {
  const golden = goldenJson<SmallModels>(family);
  test.each(Object.keys(golden.models))('%s', (name) => checkSmallModel(golden, name));
});
