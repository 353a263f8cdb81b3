// The reference data of box coders and overlaps (box_coders_iou.safetensors).

import { expect } from 'vitest';
import type { ModuleConfig } from '../../../../src/catalogue/registry';
import { golden } from '../../../golden-data';
import { registry } from '../scene';

const { tensors } = golden('box_coders_iou');
export const floats = (name: string) => tensors.get(name)!.data as Float32Array;
export const buildCoder = (config: ModuleConfig) => registry.build('bbox_coder', config, { path: 'coder' });

/** Within `tolerance` of the value, or of 1 for smaller values. */
export function expectRelative(actual: Float32Array, expected: Float32Array, tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++)
    expect(Math.abs(actual[i] - expected[i])).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(expected[i])));
}
