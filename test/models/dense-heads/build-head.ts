// Small heads on three levels for tests that need no reference file.

import { expect } from 'vitest';
import type { BuildContext } from '../../../src/catalogue/registry';
import { createRegistry } from '../../../src/models/catalogue';
import type { DetectionHead } from '../../../src/models/types';
import { Random } from '../../../src/random';

/** One square anchor a cell. */
export const SQUARE_ANCHORS = { type: 'AnchorGenerator', octave_base_scale: 1, scales_per_octave: 1, ratios: [1] };

const levels = [8, 16, 32].map((stride) => ({ stride, channels: 16 }));

/** A head of three classes on levels of 16 channels; FocalLoss unless the config says otherwise. */
export const buildHead = (
  config: { type: string } & Record<string, unknown>,
  context: Partial<BuildContext> = {},
): DetectionHead =>
  createRegistry().build(
    'dense_head',
    { num_classes: 3, feat_channels: 16, loss_cls: { type: 'FocalLoss' }, ...config },
    { path: 'bbox_head', inputs: levels, ...context },
  ) as DetectionHead;

/** Mean and standard deviation of tensors after initialisation. Disposes the head. */
export function expectStart(head: DetectionHead, expected: Record<string, [mean: number, deviation: number]>): void {
  head.initWeights(Random.seeded(3));
  const state = head.stateDict();
  head.dispose();
  for (const [name, [mean, deviation]] of Object.entries(expected)) {
    const values = [...state.get(name)!.data];
    const average = values.reduce((a, b) => a + b, 0) / values.length;
    const spread = Math.sqrt(values.reduce((a, b) => a + (b - average) ** 2, 0) / values.length);
    expect(Math.abs(average - mean), `mean of ${name}`).toBeLessThan(1e-3);
    expect(Math.abs(spread - deviation), `deviation of ${name}`).toBeLessThan(1e-3);
  }
}
