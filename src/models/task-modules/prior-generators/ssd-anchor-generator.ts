// SSDAnchorGenerator: at every cell a square, a larger square and pairs of upright and flat anchors (Liu et al., SSD,
// ECCV 2016).

import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import { useBoxType } from '../use-box-type-option';
import { AnchorGenerator, cellAnchors } from './anchor-generator';
import { inferStrides, type StrideOption } from './infer-strides';

const pair = z.union([z.number().positive(), z.tuple([z.number().positive(), z.number().positive()])]);
export const ssdAnchorGeneratorOptions = z
  .strictObject({
    strides: z.array(pair).min(1).optional().describe('Stride of each level in pixels, or [x, y]'),
    ratios: z
      .array(z.array(z.number().positive()))
      .min(1)
      .describe('Of each level: aspect ratios other than 1; their inverses are added'),
    min_sizes: z.array(z.number().positive()).nullish().describe('Size of the smaller square of each level'),
    max_sizes: z
      .array(z.number().positive())
      .nullish()
      .describe('Of each level; the larger square has the geometric mean of min and max size'),
    basesize_ratio_range: z
      .tuple([z.number(), z.number()])
      .default([0.15, 0.9])
      .describe('Range of the sizes relative to input_size, where they are not given'),
    input_size: z.number().int().default(300).describe('Input size: 300 or 512, where sizes are not given'),
    scale_major: z.boolean().default(true).describe('Order of the anchors of a cell: scales vary fastest, else ratios'),
    use_box_type: useBoxType,
  })
  .refine((o) => (o.min_sizes == null) === (o.max_sizes == null), {
    message: 'expected both min_sizes and max_sizes, or neither',
  });
export type SSDAnchorGeneratorOptions = Omit<z.output<typeof ssdAnchorGeneratorOptions>, 'strides'> & {
  strides: StrideOption[];
};

export class SSDAnchorGenerator extends AnchorGenerator {
  /**
   * @param cell makes the anchors of one cell of a level
   * @param span what the center of a cell is half of, for a stride
   */
  constructor(
    { ratios, scale_major, strides, ...rest }: SSDAnchorGeneratorOptions,
    cell = cellAnchors,
    span = (stride: number) => stride,
  ) {
    const pairs = strides.map((s): [number, number] => (typeof s === 'number' ? [s, s] : s));
    const { min, max } =
      rest.min_sizes && rest.max_sizes
        ? { min: rest.min_sizes, max: rest.max_sizes }
        : tableSizes(pairs.length, rest.basesize_ratio_range, rest.input_size);
    for (const [name, list] of Object.entries({ ratios, min_sizes: min, max_sizes: max }))
      if (list.length !== pairs.length)
        throw new DetLabError(
          `Cannot build SSDAnchorGenerator: expected as many ${name} as strides (${pairs.length}), received ${list.length}`,
        );
    const generators = pairs.map(([x, y], k) => {
      const generator = new AnchorGenerator(
        {
          strides: [[x, y]],
          base_sizes: [min[k]],
          centers: [[span(x) / 2, span(y) / 2]],
          ratios: [1, ...ratios[k].flatMap((r) => [1 / r, r])],
          scales: [1, Math.sqrt(max[k] / min[k])],
          scale_major,
          center_offset: 0,
          use_box_type: false,
        },
        cell,
      );
      return selectShapes(generator.baseAnchors[0], 1 + 2 * ratios[k].length);
    });
    super({ strides, ratios: [1], scales: [1], scale_major, center_offset: 0, use_box_type: false });
    this.baseAnchors.splice(0, this.baseAnchors.length, ...generators);
  }
}

/** The square, the larger square, then the other shapes at the smaller scale. */
function selectShapes(anchors: Float32Array, shapes: number): Float32Array {
  const order = [0, shapes, ...Array.from({ length: shapes - 1 }, (_, i) => i + 1)];
  return Float32Array.from(order.flatMap((i) => [...anchors.subarray(4 * i, 4 * i + 4)]));
}

/** Sizes of the paper's models; those of the first level are tabulated. */
function tableSizes(levels: number, [low, high]: [number, number], side: number): { min: number[]; max: number[] } {
  const [from, to] = [Math.trunc(low * 100), Math.trunc(high * 100)];
  const step = Math.trunc(Math.floor(to - from) / (levels - 2));
  const share = (percent: number) => Math.trunc((side * percent) / 100);
  const first = { 300: { 0.15: [7, 15], 0.2: [10, 20] }, 512: { 0.1: [4, 10], 0.15: [7, 15] } } as Record<
    number,
    Record<number, [number, number]>
  >;
  const known = first[side];
  if (!known)
    throw new DetLabError(
      `Cannot build SSDAnchorGenerator for input_size ${side}: expected 300 or 512, or give min_sizes and max_sizes`,
    );
  if (!known[low])
    throw new DetLabError(
      `Cannot build SSDAnchorGenerator: expected basesize_ratio_range to start at ${Object.keys(known).join(' or ')} for ` +
        `input_size ${side}, received ${low}. Or give min_sizes and max_sizes`,
    );
  const [min, max] = known[low].map((percent) => [share(percent)]);
  for (let ratio = from; ratio <= to; ratio += step) {
    min.push(share(ratio));
    max.push(share(ratio + step));
  }
  return { min, max };
}

export const ssdAnchorGeneratorDefinition = defineModule({
  kind: 'anchor_generator',
  type: 'SSDAnchorGenerator',
  summary: 'Two square anchors and pairs of upright and flat ones at every cell',
  paper: 'Liu et al., SSD, ECCV 2016',
  shapes: 'sizes of the feature levels -> one [H * W * A, 4] per level, for A anchors per cell',
  example:
    "{ type: 'SSDAnchorGenerator', scale_major: false, input_size: 300, basesize_ratio_range: [0.15, 0.9], strides: [8, 16, 32, 64, 100, 300], ratios: [[2], [2, 3], [2, 3], [2, 3], [2], [2]] }",
  options: ssdAnchorGeneratorOptions,
  contract: { form: 'boxes' },
  inferred: { strides: 'the strides of the feature levels' },
  // strides of SSD's last levels are nominal (100, 300): only a missing list is taken from the features
  infer: (given, context) =>
    given.strides ? given : { ...given, strides: inferStrides('SSDAnchorGenerator', undefined, context) },
  build: (given) => new SSDAnchorGenerator({ ...given, strides: given.strides! }),
});
