// The reference data of prior generators (prior_generators.safetensors).

import { expect, test } from 'vitest';
import type { BuildContext, ModuleConfig } from '../../../../src/catalogue/registry';
import { AnchorGenerator, type PriorGenerator } from '../../../../src/models/task-modules';
import { expectClose, golden } from '../../../golden-data';
import { registry } from '../scene';

const { tensors, metadata } = golden('prior_generators');
export const specs = JSON.parse(metadata.specs) as Record<string, ModuleConfig>;
export const data = (name: string) => tensors.get(name)!.data;
export const build = (config: ModuleConfig, context: Partial<BuildContext> = {}): PriorGenerator =>
  registry.build('anchor_generator', config, { path: 'anchors', ...context });
export const expectGrid = (actual: ArrayLike<number>, name: string): void =>
  expectClose(actual, data(name), 6e-5, name);

/** The anchors of a cell, and those of maps of 3 x 4 cells. */
export const testAnchors = (name: string): void =>
  test(`${name}: anchors of a cell and of maps of 3 x 4 cells`, () => {
    const generator = build(specs[name]);
    expect(generator).toBeInstanceOf(AnchorGenerator);
    const { baseAnchors } = generator as AnchorGenerator;
    for (const [level, anchors] of baseAnchors.entries()) expectGrid(anchors, `${name}.base${level}`);
    const grids = generator.gridPriors(generator.strides.map(() => [3, 4]));
    for (const [level, anchors] of grids.entries()) expectGrid(anchors, `${name}.grid${level}`);
  });
