// The searched pyramid of NAS-FCOS (Wang et al., CVPR 2020): seven concatenating cells on C3 to C5, then strided convolutions.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { ConvModule } from '../../nn/conv-module';
import { applyInitCfg } from '../../nn/init-cfg';
import { convCfg, normCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import { ModuleList } from '../../nn/module-list';
import { interpolate } from '../../ops/interpolate';
import { MergeCell } from '../layers/merge-cell';
import type { FeatureSpec, Neck } from '../types';
import { fpnOptions, inferFPN, pyramid } from './fpn-options';
import { expectLevels } from './infer-single-channels';

const options = fpnOptions.pick({ in_channels: true, out_channels: true, num_outs: true, end_level: true }).extend({
  start_level: z.int().min(0).default(1).describe('Index of the first backbone level used'),
  add_extra_convs: ignoredOption('as in MMDetection, extra levels are convolutions', {
    schema: z.boolean().default(false),
    harmless: [true],
  }),
  conv_cfg: convCfg.nullable().default(null).describe('Type of the convolutions that precede the cells'),
  norm_cfg: normCfg.nullable().default(null).describe('Norm after the convolutions that precede the cells'),
  init_cfg: z
    .null({ error: 'cannot be given: this neck starts its parts in different ways' })
    .default(null)
    .describe('Must be null'),
});
type Options = z.output<typeof options> & { in_channels: number[] };

/** The two maps a cell joins, by their number: 0 to 2 are C3 to C5, a cell adds the next; and which of them it convolves. */
const CELLS: [string, number, number, boolean][] = [
  ['c22_1', 2, 2, true],
  ['c22_2', 2, 2, true],
  ['c32', 3, 2, false],
  ['c02', 0, 2, false],
  ['c42', 4, 2, true],
  ['c36', 3, 6, true],
  ['c61', 6, 1, true],
];
/** P3, P4, P5 come of these, each with map 5 added. */
const OUTPUTS = [9, 8, 7];

/**
 * @example new NASFCOS_FPN({ ...nasfcosFpn.options.parse({ out_channels: 256, num_outs: 5 }), in_channels: [256, 512, 1024, 2048] })
 */
export class NASFCOS_FPN extends Module implements Neck {
  readonly outputs: FeatureSpec[];
  private readonly adaptConvs: ModuleList<ConvModule>;
  private readonly cells: MergeCell[];
  private readonly extraDownsamples: ModuleList<ConvModule>;

  constructor(
    private readonly options: Options,
    inputs?: FeatureSpec[],
  ) {
    super();
    const { in_channels, out_channels: channels, num_outs, start_level, conv_cfg, norm_cfg } = options;
    const { end, used } = pyramid({ ...options, add_extra_convs: false });
    const norm = { type: 'BN' } as const;
    this.adaptConvs = this.addChild(
      'adapt_convs',
      new ModuleList(
        in_channels
          .slice(start_level, end)
          .map(
            (c) => new ConvModule({ inChannels: c, outChannels: channels, kernelSize: 1, bias: false, normCfg: norm }),
          ),
      ),
    );
    const outConv = { kernelSize: 1, padding: 0, bias: false, groups: channels, normCfg: norm };
    this.cells = CELLS.map(([name, , , both]) =>
      this.addChild(
        `fpn.${name}`,
        new MergeCell({
          ...{ operation: 'concat', channels, inputConvs: [true, both] },
          ...{ inputConvCfg: conv_cfg, inputNormCfg: norm_cfg },
          outConv: { ...outConv, order: ['norm', 'act', 'conv'] },
        }),
      ),
    );
    this.extraDownsamples = this.addChild(
      'extra_downsamples',
      new ModuleList(
        Array.from({ length: num_outs - used }, (_, i) => {
          const shape = { inChannels: channels, outChannels: channels, kernelSize: 3, stride: 2, padding: 1 };
          return new ConvModule({ ...shape, ...(i === 0 ? { actCfg: null } : {}), order: ['act', 'norm', 'conv'] });
        }),
      ),
    );
    for (const part of [this.adaptConvs, this.extraDownsamples])
      applyInitCfg(part, { type: 'Caffe2Xavier', layer: 'Conv2d' });
    const strides = inputs?.map((level) => level.stride) ?? in_channels.map((_, i) => 4 * 2 ** i);
    this.outputs = Array.from({ length: num_outs }, (_, i) => ({
      channels,
      stride: i < used ? strides[i + 1] : strides[3] * 2 ** (i - used + 1),
    }));
  }

  forward(inputs: tf.Tensor4D[]): tf.Tensor4D[] {
    return tf.tidy(() => {
      const size = (x: tf.Tensor4D): [number, number] => [x.shape[1], x.shape[2]];
      const maps = [...this.adaptConvs].map((conv, i) => conv.forward(inputs[i + this.options.start_level]));
      for (const [i, [, a, b]] of CELLS.entries()) maps.push(this.cells[i].forward(maps[a], maps[b]));
      const outs = OUTPUTS.map((number, i) => {
        const map = maps[number];
        const added = tf.add<tf.Tensor4D>(map, interpolate(maps[5], { size: size(map), mode: 'bilinear' }));
        return interpolate(added, { size: size(inputs[i + 1]), mode: 'bilinear' });
      });
      for (const conv of this.extraDownsamples) outs.push(conv.forward(outs[outs.length - 1]));
      return outs;
    });
  }
}

export const nasfcosFpn = defineModule({
  kind: 'neck',
  type: 'NASFCOS_FPN',
  summary: "NAS-FCOS's searched pyramid: seven concatenating cells on C3 to C5.",
  paper:
    'Wang, Gao, Chen, Wang, Tian, Shen and Zhang: NAS-FCOS: Fast Neural Architecture Search for Object Detection, CVPR 2020',
  shapes: '[N, H/s, W/s, in_channels[i]] for each backbone level -> num_outs levels [N, H/s, W/s, out_channels]',
  example: "{ type: 'NASFCOS_FPN', out_channels: 256, num_outs: 5 }",
  options,
  inferred: { in_channels: "the backbone's channels" },
  infer(given, context) {
    const o = inferFPN('NASFCOS_FPN', given, context);
    const { used } = pyramid({ ...o, add_extra_convs: false });
    expectLevels(
      'NASFCOS_FPN',
      context.path,
      3,
      used,
      'levels (start_level to end_level): the searched pyramid joins C3 to C5',
    );
    if (o.in_channels.length < 4)
      throw new DetLabError(
        `Cannot build neck "NASFCOS_FPN" at ${context.path}: expected 4 backbone levels, C2 (of which only the place ` +
          `counts) to C5, received ${o.in_channels.length}. Set the backbone's out_indices: [0, 1, 2, 3]`,
      );
    return o;
  },
  build: (o, { inputs }) => new NASFCOS_FPN(o as Options, inputs),
});
