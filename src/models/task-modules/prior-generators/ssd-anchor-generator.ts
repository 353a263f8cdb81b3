// SSDAnchorGenerator: at every cell a square, a larger square and pairs of upright and flat boxes (Liu et al., ECCV 2016).

import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import { AnchorGenerator } from './anchor-generator';
import { inferStrides, type StrideOption } from './infer-strides';

const pair = z.union([z.number().positive(), z.tuple([z.number().positive(), z.number().positive()])]);
const options = z
  .strictObject({
    strides: z.array(pair).min(1).optional().describe('Stride of each level in pixels, or [x, y]'),
    ratios: z
      .array(z.array(z.number().positive()))
      .min(1)
      .describe('Of each level: ratios beside 1 and their inverses'),
    min_sizes: z.array(z.number().positive()).nullish().describe('Size of the smaller square of each level'),
    max_sizes: z.array(z.number().positive()).nullish().describe('The larger square is between this and min_sizes'),
    basesize_ratio_range: z
      .tuple([z.number(), z.number()])
      .default([0.15, 0.9])
      .describe('Range of the sizes as shares of input_size, where they are not given'),
    input_size: z.number().int().default(300).describe('Side of the input: 300 or 512, where sizes are not given'),
    scale_major: z.boolean().default(true).describe('Scales run fastest among the anchors of a cell, else ratios'),
    use_box_type: z.boolean().default(false).describe("Accepted for MMDetection's sake: boxes are always plain xyxy"),
  })
  .refine((o) => (o.min_sizes == null) === (o.max_sizes == null), {
    message: 'min_sizes and max_sizes go together',
  });
type Options = z.output<typeof options>;

export class SSDAnchorGenerator extends AnchorGenerator {
  constructor({ ratios, scale_major, strides, ...rest }: Omit<Options, 'strides'> & { strides: StrideOption[] }) {
    const pairs = strides.map((s): [number, number] => (typeof s === 'number' ? [s, s] : s));
    const { least, most } =
      rest.min_sizes && rest.max_sizes
        ? { least: rest.min_sizes, most: rest.max_sizes }
        : tableSizes(pairs.length, rest.basesize_ratio_range, rest.input_size);
    for (const [name, list] of Object.entries({ ratios, min_sizes: least, max_sizes: most }))
      if (list.length !== pairs.length)
        throw new DetLabError(
          `Cannot build SSDAnchorGenerator: expected as many ${name} as strides (${pairs.length}), received ${list.length}`,
        );
    const generators = pairs.map(([x, y], k) => {
      const generator = new AnchorGenerator({
        strides: [[x, y]],
        base_sizes: [least[k]],
        centers: [[x / 2, y / 2]],
        ratios: [1, ...ratios[k].flatMap((r) => [1 / r, r])],
        scales: [1, Math.sqrt(most[k] / least[k])],
        scale_major,
        center_offset: 0,
        use_box_type: false,
      });
      return keep(generator.baseAnchors[0], 1 + 2 * ratios[k].length);
    });
    super({ strides, ratios: [1], scales: [1], scale_major, center_offset: 0, use_box_type: false });
    this.baseAnchors.splice(0, this.baseAnchors.length, ...generators);
  }
}

/** The square, the larger square, then the other shapes at the smaller scale. */
function keep(anchors: Float32Array, shapes: number): Float32Array {
  const order = [0, shapes, ...Array.from({ length: shapes - 1 }, (_, i) => i + 1)];
  return Float32Array.from(order.flatMap((i) => [...anchors.subarray(4 * i, 4 * i + 4)]));
}

/** The sizes of the paper's models; the first level's are fixed by hand there. */
function tableSizes(levels: number, [low, high]: [number, number], side: number): { least: number[]; most: number[] } {
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
  const [least, most] = known[low].map((percent) => [share(percent)]);
  for (let ratio = from; ratio <= to; ratio += step) {
    least.push(share(ratio));
    most.push(share(ratio + step));
  }
  return { least, most };
}

export const ssdAnchorGeneratorDefinition = defineModule({
  kind: 'anchor_generator',
  type: 'SSDAnchorGenerator',
  summary: 'At every cell two squares and pairs of upright and flat boxes',
  paper: 'Liu et al., SSD, ECCV 2016',
  shapes: 'sizes of the feature levels -> one [H * W * shapes, 4] xyxy per level',
  example:
    "{ type: 'SSDAnchorGenerator', scale_major: false, input_size: 300, basesize_ratio_range: [0.15, 0.9], strides: [8, 16, 32, 64, 100, 300], ratios: [[2], [2, 3], [2, 3], [2, 3], [2], [2]] }",
  options,
  contract: { form: 'boxes' },
  inferred: { strides: 'the strides of the feature levels' },
  // strides of SSD's last levels are nominal (100, 300): only a missing list is taken from the features
  infer: (given, context) =>
    given.strides ? given : { ...given, strides: inferStrides('SSDAnchorGenerator', undefined, context) },
  build: (given) => new SSDAnchorGenerator({ ...given, strides: given.strides! }),
});
