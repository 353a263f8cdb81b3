// Cascade R-CNN as a whole against MMDetection's: parameters, and small models with and without masks.

import { beforeAll, expect, test } from 'vitest';
import type { ModuleConfig } from '../../../../src/catalogue/registry';
import { startEngine } from '../../../../src/engine';
import { buildDetector } from '../../../../src/models/build';
import { torchShape } from '../../../../src/nn';
import { goldenJson } from '../../../golden-data';
import { testSmallModels } from '../check-two-stage';

beforeAll(async () => void (await startEngine()));

testSmallModels('cascade', 'cascade_mask');

test('R50-FPN has the parameters of the reference, in its order', () => {
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
