// Faster R-CNN with other necks, Mask and Cascade R-CNN as wholes against MMDetection's.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ModuleConfig } from '../../../src/catalogue/registry';
import { startEngine } from '../../../src/engine';
import { rleArea } from '../../../src/masks';
import { buildDetector } from '../../../src/models/build';
import type { TwoStageDetector } from '../../../src/models/detectors';
import { torchShape } from '../../../src/nn';
import { fillByFormula, goldenJson } from '../../golden-data';
import { type EndToEnd, expectDetections, expectSummaries, modelConfig, none, sample, tidy } from './whole-models';

beforeAll(async () => void (await startEngine()));

const CONFIGS: Record<string, string> = {
  faster_r50_fpn: 'config_faster_r50_fpn_1x',
  faster_r50_pafpn: 'config_faster_r50_pafpn',
  mask_r50_fpn: 'config_mask_rcnn_r50',
};
describe.each(['faster_r50_fpn', 'faster_r50_pafpn', 'mask_r50_fpn'])('%s', (name) => {
  test('has the parameters of the reference, in its order', () => {
    const model = buildDetector(modelConfig(CONFIGS[name]), { numClasses: 80 });
    const expected = goldenJson<{
      total: number;
      trainable_after_freeze: number;
      state_dict_order: [string, number[]][];
    }>(`params_${name}`);
    expect([...model.named()].map(([key, p]) => [key, torchShape(p)])).toEqual(expected.state_dict_order);
    expect(model.parameterCount()).toBe(expected.total);
    const trainable = model.trainable().reduce((n, [, p]) => n + p.variable.size, 0);
    expect(trainable).toBe(expected.trainable_after_freeze);
    expect(model.numClasses).toBe(80);
    model.dispose();
  });
});

test('Mask R-CNN R50-FPN: detections and their masks', () => {
  const expected = goldenJson<EndToEnd & { mask_area_sum: number[] }>('e2e_model_mask_rcnn_r50');
  const model = buildDetector(modelConfig('config_mask_rcnn_r50'), { numClasses: 3 }) as TwoStageDetector;
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

test('Cascade R-CNN R50-FPN: parameters', () => {
  const { merged } = goldenJson<{ merged: { model: ModuleConfig & Record<'roi_head', Record<string, unknown>> } }>(
    'config_cascade_mask_r50',
  );
  const config = structuredClone(merged.model);
  config.roi_head.mask_head = null;
  const model = buildDetector(config);
  const expected = goldenJson<{
    total: number;
    trainable_after_freeze: number;
    state_dict_order: [string, number[]][];
  }>('params_cascade_r50_fpn');
  expect([...model.named()].map(([key, p]) => [key, torchShape(p)])).toEqual(expected.state_dict_order);
  expect(model.parameterCount()).toBe(expected.total);
  expect(model.trainable().reduce((n, [, p]) => n + p.variable.size, 0)).toBe(expected.trainable_after_freeze);
  model.dispose();
});

test('R50-PAFPN: features and detections', () => {
  const expected = goldenJson<EndToEnd>('e2e_model_faster_r50_pafpn');
  const model = buildDetector(modelConfig('config_faster_r50_pafpn'), { numClasses: 3 }) as TwoStageDetector;
  fillByFormula(model);
  const batch = model.eval().preprocess([sample()]);
  tf.tidy(() => expectSummaries(model.extractFeatures(batch.inputs), expected.neck, 'neck'));
  expectDetections(tidy(() => model.predict(batch))[0], expected.detections);
  batch.inputs.dispose();
  model.dispose();
});

/** Faster R-CNN with NAS-FPN in place of its FPN, as the reference was made. */
function nasFpnConfig(): ModuleConfig {
  const norm_cfg = { type: 'BN', requires_grad: true };
  const neck = { type: 'NASFPN', in_channels: [256, 512, 1024, 2048], out_channels: 256, num_outs: 5, stack_times: 7 };
  return { ...modelConfig('config_faster_r50_fpn_1x'), neck: { ...neck, norm_cfg } };
}

test('with NAS-FPN: parameters, features and detections', () => {
  const expected = goldenJson<EndToEnd & { extra_rules: [string, number][] }>('e2e_model_faster_r50_nasfpn');
  const { state_dict_order } = goldenJson<{ state_dict_order: [string, number[]][] }>('params_faster_r50_nasfpn');
  const model = buildDetector(nasFpnConfig(), { numClasses: 3 }) as TwoStageDetector;
  // the reference's list is of the model with 80 classes
  const features = ([name]: [string, unknown]) => !name.startsWith('roi_head');
  const own = [...model.named()].map(([key, p]) => [key, torchShape(p)] as [string, number[]]);
  expect(own.filter(features)).toEqual(state_dict_order.filter(features));
  fillByFormula(model, '', expected.extra_rules);
  const batch = model.eval().preprocess([sample(none, [128, 128])]);
  tf.tidy(() => expectSummaries(model.extractFeatures(batch.inputs), expected.neck, 'neck'));
  // the scores lie so close that rounding decides who suppresses whom: the reference vouches for the best 20
  expectDetections(tidy(() => model.predict(batch))[0], expected.detections, 20);
  batch.inputs.dispose();
  model.dispose();
});
