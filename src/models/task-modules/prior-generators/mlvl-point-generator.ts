// MlvlPointGenerator: one point in every cell of every feature level, for anchor-free heads. A prior is four numbers, the
// point and the stride of its level: x, y, stride x, stride y.

import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import type { PriorGenerator, Size } from '../types';
import { GridCache } from './grid-cache';
import { inferStrides, type StrideOption } from './infer-strides';

const pair = z.union([z.number().positive(), z.tuple([z.number().positive(), z.number().positive()])]);

export class MlvlPointGenerator implements PriorGenerator {
  readonly form = 'points';
  readonly strides: [number, number][];
  private readonly grids: GridCache;

  constructor(
    strides: StrideOption[],
    private readonly offset = 0.5,
  ) {
    this.strides = strides.map((s) => (typeof s === 'number' ? [s, s] : s));
    this.grids = new GridCache('points', this.numLevels, (size, level) => this.grid(size, this.strides[level]));
  }

  get numLevels(): number {
    return this.strides.length;
  }

  get numBasePriors(): number[] {
    return this.strides.map(() => 1);
  }

  /** By level: x, y, stride x, stride y of every cell. The arrays are cached: do not write into them. */
  gridPriors(sizes: Size[]): Float32Array[] {
    return this.grids.of(sizes);
  }

  private grid([height, width]: Size, [strideX, strideY]: [number, number]): Float32Array {
    const grid = new Float32Array(4 * height * width);
    let at = 0;
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        grid[at++] = (x + this.offset) * strideX;
        grid[at++] = (y + this.offset) * strideY;
        grid[at++] = strideX;
        grid[at++] = strideY;
      }
    return grid;
  }

  validFlags(sizes: Size[], padShape: Size): Uint8Array[] {
    return sizes.map(([height, width], level) => {
      const [strideX, strideY] = this.strides[level];
      const validHeight = Math.min(Math.ceil(padShape[0] / strideY), height);
      const validWidth = Math.min(Math.ceil(padShape[1] / strideX), width);
      const flags = new Uint8Array(height * width);
      for (let y = 0; y < validHeight; y++) flags.fill(1, y * width, y * width + validWidth);
      return flags;
    });
  }
}

export const mlvlPointGeneratorDefinition = defineModule({
  kind: 'anchor_generator',
  type: 'MlvlPointGenerator',
  summary: 'A point at every cell of every feature level, with the stride of its level',
  origin: 'MMDetection: the points of FCOS and YOLOX',
  shapes: 'sizes of the feature levels -> one [H * W, 4] per level (x, y, stride x, stride y)',
  example: "{ type: 'MlvlPointGenerator', offset: 0.5, strides: [8, 16, 32] }",
  options: z.strictObject({
    strides: z.array(pair).min(1).optional().describe('Stride of each level in pixels, or [x, y]'),
    offset: z.number().default(0.5).describe('Position of the point in its cell, in strides'),
  }),
  contract: { form: 'points' },
  inferred: { strides: 'the strides of the feature levels' },
  infer: (given, context) => ({ ...given, strides: inferStrides('MlvlPointGenerator', given.strides, context) }),
  build: (given) => new MlvlPointGenerator(given.strides!, given.offset),
});
