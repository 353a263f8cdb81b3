// AnchorGenerator: boxes of fixed scales and aspect ratios at every cell of every feature level (Ren et al., Faster R-CNN,
// NeurIPS 2015). Order of the anchors of a level: rows of cells, cells of a row, anchors of a cell.

import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import type { PriorGenerator, Size } from '../types';
import { useBoxType } from '../use-box-type-option';
import { GridCache } from './grid-cache';
import { inferStrides } from './infer-strides';

const f = Math.fround;
const pairOption = z.union([z.number().positive(), z.tuple([z.number().positive(), z.number().positive()])]);

export const anchorGeneratorOptions = z
  .strictObject({
    strides: z.array(pairOption).min(1).optional().describe('Stride of each level in pixels, or [x, y]'),
    ratios: z.array(z.number().positive()).min(1).describe('Aspect ratios (height / width)'),
    scales: z.array(z.number().positive()).min(1).nullish().describe('Anchor sizes in units of base_sizes'),
    base_sizes: z
      .array(z.number().positive())
      .nullish()
      .describe('Size of scale 1 of each level; default: its smaller stride'),
    scale_major: z.boolean().default(true).describe('Order of the anchors of a cell: scales vary fastest, else ratios'),
    octave_base_scale: z.number().positive().nullish().describe('First scale; with scales_per_octave, not with scales'),
    scales_per_octave: z.number().int().positive().nullish().describe('Scales per octave'),
    centers: z
      .array(z.tuple([z.number(), z.number()]))
      .nullish()
      .describe('Anchor centre [x, y] in a cell, of each level, in pixels'),
    center_offset: z.number().min(0).max(1).default(0).describe('Anchor centre in a cell as a share of the base size'),
    use_box_type: useBoxType,
  })
  .refine((o) => (o.scales == null) !== (o.octave_base_scale == null || o.scales_per_octave == null), {
    message: 'give either scales, or octave_base_scale and scales_per_octave together',
  })
  .refine((o) => o.center_offset === 0 || o.centers == null, {
    message: 'center_offset and centers exclude each other',
  });

export type AnchorGeneratorOptions = z.output<typeof anchorGeneratorOptions>;

export class AnchorGenerator implements PriorGenerator {
  readonly form = 'boxes';
  /** Anchors of one cell at the origin, for each level: flat xyxy. */
  readonly baseAnchors: Float32Array[];
  /** [x, y] of each level. */
  readonly strides: [number, number][];
  private readonly grids: GridCache;

  /** @param cell makes the anchors of one cell of a level */
  constructor(
    options: AnchorGeneratorOptions & { strides: NonNullable<AnchorGeneratorOptions['strides']> },
    cell = cellAnchors,
  ) {
    this.strides = options.strides.map((s) => (typeof s === 'number' ? [s, s] : s));
    this.grids = new GridCache('anchors', this.numLevels, (size, level) => this.grid(size, level));
    const sizes = options.base_sizes ?? this.strides.map((s) => Math.min(...s));
    for (const [name, list] of [
      ['base_sizes', sizes],
      ['centers', options.centers ?? sizes],
    ] as const)
      if (list.length !== this.strides.length)
        throw new DetLabError(
          `Cannot build AnchorGenerator: expected as many ${name} as strides (${this.strides.length}), received ${list.length}`,
        );
    const { octave_base_scale: first, scales_per_octave: perOctave } = options;
    const scales = options.scales ?? Array.from({ length: perOctave! }, (_, i) => f(f(2 ** (i / perOctave!)) * first!));
    this.baseAnchors = sizes.map((size, i) => cell(size, scales, options, options.centers?.[i]));
  }

  get numLevels(): number {
    return this.strides.length;
  }

  /** Anchors of one cell, by level. */
  get numBasePriors(): number[] {
    return this.baseAnchors.map((a) => a.length / 4);
  }

  /**
   * Anchors of all levels for feature maps of `sizes`: flat xyxy in pixels of the network's input. The arrays are cached: do
   * not write into them.
   * @throws DetLabError when the number of levels is not that of `strides`.
   */
  gridPriors(sizes: Size[]): Float32Array[] {
    return this.grids.of(sizes);
  }

  private grid([height, width]: Size, level: number): Float32Array {
    const base = this.baseAnchors[level];
    const [strideX, strideY] = this.strides[level];
    const grid = new Float32Array(height * width * base.length);
    let at = 0;
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        for (let k = 0; k < base.length; k++) grid[at++] = base[k] + (k & 1 ? y * strideY : x * strideX);
    return grid;
  }

  /**
   * 1 for the anchors whose cell is on the image padded to `padShape`, by level. Cells beyond it are on the padding that only
   * the batch added.
   */
  validFlags(sizes: Size[], padShape: Size): Uint8Array[] {
    return sizes.map(([height, width], level) => {
      const [strideX, strideY] = this.strides[level];
      const validHeight = Math.min(Math.ceil(padShape[0] / strideY), height);
      const validWidth = Math.min(Math.ceil(padShape[1] / strideX), width);
      const perCell = this.baseAnchors[level].length / 4;
      const flags = new Uint8Array(height * width * perCell);
      for (let y = 0; y < validHeight; y++) flags.fill(1, y * width * perCell, (y * width + validWidth) * perCell);
      return flags;
    });
  }
}

/** width = size scale / sqrt(ratio), height = size scale sqrt(ratio), about the centre. */
export function cellAnchors(
  size: number,
  scales: number[],
  { ratios, scale_major, center_offset }: AnchorGeneratorOptions,
  center: [number, number] = [center_offset * size, center_offset * size],
): Float32Array {
  const [x, y] = center;
  const rows: number[] = [];
  const add = (ratio: number, scale: number) => {
    const root = f(Math.sqrt(f(ratio)));
    const [first, second] = scale_major ? [root, f(scale)] : [f(scale), root];
    // products in single precision and in the reference's order
    const width = scale_major ? f(f(size * f(1 / first)) * second) : f(f(size * first) * f(1 / second));
    const height = f(f(size * first) * second);
    rows.push(f(x - 0.5 * width), f(y - 0.5 * height), f(x + 0.5 * width), f(y + 0.5 * height));
  };
  if (scale_major) for (const ratio of ratios) for (const scale of scales) add(ratio, scale);
  else for (const scale of scales) for (const ratio of ratios) add(ratio, scale);
  return Float32Array.from(rows);
}

export const anchorGeneratorDefinition = defineModule({
  kind: 'anchor_generator',
  type: 'AnchorGenerator',
  summary: 'Anchors of fixed scales and aspect ratios at every cell of every feature level',
  paper: 'Ren et al., Faster R-CNN, NeurIPS 2015',
  shapes: 'sizes of the feature levels -> one [H * W * A, 4] per level, for A anchors per cell',
  example: "{ type: 'AnchorGenerator', scales: [8], ratios: [0.5, 1, 2], strides: [4, 8, 16, 32, 64] }",
  options: anchorGeneratorOptions,
  inferred: { strides: 'the strides of the feature levels' },
  contract: { form: 'boxes' },
  infer: (given, context) => ({ ...given, strides: inferStrides('AnchorGenerator', given.strides, context) }),
  build: (given) => new AnchorGenerator({ ...given, strides: given.strides! }),
});
