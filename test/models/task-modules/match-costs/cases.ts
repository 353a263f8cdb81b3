// Match costs against MMDetection's: boxes and classes of assigners.safetensors, masks and tokens of detr_family.json.

import { expect, test } from 'vitest';
import type { ModuleConfig } from '../../../../src/catalogue/registry';
import { expectClose, golden, goldenJson, sgn } from '../../../golden-data';
import { empty, registry } from '../scene';

const { tensors } = golden('assigners');
const data = (name: string) => tensors.get(name)!.data as Float32Array;

export const buildCost = (config: ModuleConfig) => registry.build('match_cost', config, { path: 'cost' });
export const predictions = { count: 12, classes: 4, logits: data('hung.scores'), boxes: data('hung.bboxes') };
export const truths = { bboxes: data('gts'), labels: Int32Array.from(data('labels')), ignored: empty };
export const imgShape: [number, number] = [120, 160];

/** One cost over classes or boxes. */
export const testCost = (name: string, config: ModuleConfig): void =>
  test(name, () => expectClose(buildCost(config).cost(predictions, truths, imgShape), data(name), 2e-5, name));

interface MaskCost {
  cfg: ModuleConfig;
  cost: number[];
}

/** All costs over masks or tokens of `type`. */
export function testMaskCosts(type: string): void {
  const cases = goldenJson<{ mask_costs: MaskCost[] }>('detr_family').mask_costs.filter(({ cfg }) => cfg.type === type);
  test('the reference has cases', () => expect(cases.length).toBeGreaterThan(0));
  test.each(cases.map((c) => [JSON.stringify(c.cfg), c] as const))('%s', (_, { cfg, cost }) => {
    const found = buildCost(cfg).cost(
      {
        count: 4,
        classes: 7,
        logits: sgn('scores', [4, 7], 3),
        boxes: new Float32Array(16),
        masks: sgn('masks', [4, 3, 5], 3),
        tokenMask: Float32Array.of(1, 1, 0, 1, 1, 0, 1),
      },
      {
        labels: Int32Array.of(0, 1),
        bboxes: new Float32Array(8),
        ignored: empty,
        maskSamples: sgn('truth', [2, 3, 5]).map((v) => (v > 0 ? 1 : 0)),
        positiveMaps: sgn('maps', [2, 7]).map((v) => (v > 0 ? 1 : 0)),
      },
      imgShape,
    );
    expectClose(found, cost, 2e-5);
  });
}
