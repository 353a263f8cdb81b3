// Mask R-CNN as a whole against MMDetection's: parameters, detections and masks; small models, one without a pyramid
// (C4).

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../../src/engine';
import { rleArea } from '../../../../src/masks';
import { buildDetector } from '../../../../src/models/build';
import { fillByFormula, goldenJson } from '../../../golden-data';
import { testSmallModels } from '../check-two-stage';
import {
  type EndToEnd,
  expectDetections,
  expectParameters,
  expectSummaries,
  modelConfig,
  sample,
  tidy,
} from '../whole-models';

beforeAll(async () => void (await startEngine()));

test('R50-FPN has the parameters of the reference, in its order', () =>
  expectParameters(modelConfig('config_mask_rcnn_r50'), 'params_mask_r50_fpn'));

testSmallModels('mask', 'mask_soft', 'c4');

test('R50-FPN: detections and their masks', () => {
  const expected = goldenJson<EndToEnd & { mask_area_sum: number[] }>('e2e_model_mask_rcnn_r50');
  const model = buildDetector(modelConfig('config_mask_rcnn_r50'), { numClasses: 3 });
  fillByFormula(model);
  const batch = model.eval().preprocess([sample()]);
  tf.tidy(() => expectSummaries(model.extractFeatures(batch.inputs), expected.neck, 'neck'));
  const [found] = tidy(() => model.predict(batch));
  expectDetections(found, expected.detections);
  const areas = found.masks!.map(rleArea);
  // detections that differ by rounding may have changed places; pixels at one half may fall on either side
  const sorted = (list: number[]) => [...list].sort((a, b) => a - b);
  const [own, wanted] = [sorted(areas), sorted(expected.mask_area_sum)];
  for (const [i, area] of own.entries()) expect(Math.abs(area - wanted[i]), `area ${i}`).toBeLessThanOrEqual(1);
  expect([found.masks![0].height, found.masks![0].width]).toEqual([128, 160]);
  batch.inputs.dispose();
  model.dispose();
});
