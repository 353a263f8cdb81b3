// NAS-FPN (Ghiasi et al., CVPR 2019): the searched pyramid "7 merging cells", stacked several times on P3 to P7.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { ConvModule } from '../../nn/conv-module';
import { applyInitCfg, initCfg } from '../../nn/init-cfg';
import { type NormCfg, normCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import { ModuleList } from '../../nn/module-list';
import { maxPool2d } from '../../ops/max-pool2d';
import { MergeCell, type MergeCellConfig } from '../layers/merge-cell';
import type { FeatureSpec, Neck } from '../types';
import { fpnOptions, inferFPN, pyramid, pyramidOutputs } from './fpn-options';
import { expectLevels } from './infer-single-channels';

const options = fpnOptions
  .pick({ in_channels: true, out_channels: true, num_outs: true, start_level: true, end_level: true })
  .extend({
    stack_times: z.int().positive().describe('Number of times the searched cell stack is applied'),
    norm_cfg: normCfg.nullable().default(null).describe('Norm after every convolution; null: none'),
    init_cfg: initCfg.nullable().default({ type: 'Caffe2Xavier', layer: 'Conv2d' }).describe('Weight initialisation'),
  });
type Options = z.output<typeof options> & { in_channels: number[] };

type Levels = [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];

/** One application of the searched pyramid; a cell's name says what it joins and which level comes of it. */
class Stage extends Module {
  private readonly cells = new Map<string, MergeCell>();

  constructor(channels: number, norm: NormCfg | null) {
    super();
    const cell = (name: string, operation: MergeCellConfig['operation'], convolved = true) =>
      this.cells.set(
        name,
        this.addChild(name, new MergeCell({ operation, channels, outConv: convolved && { normCfg: norm } })),
      );
    cell('gp_64_4', 'global_pooling');
    cell('sum_44_4', 'sum');
    cell('sum_43_3', 'sum');
    cell('sum_34_4', 'sum');
    cell('gp_43_5', 'global_pooling', false);
    cell('sum_55_5', 'sum');
    cell('gp_54_7', 'global_pooling', false);
    cell('sum_77_7', 'sum');
    cell('gp_75_6', 'global_pooling');
  }

  forward([p3, p4, p5, p6, p7]: Levels): Levels {
    const cell = (name: string, a: tf.Tensor4D, b: tf.Tensor4D, like: tf.Tensor4D) =>
      this.cells.get(name)!.forward(a, b, [like.shape[1], like.shape[2]]);
    const gated = cell('gp_64_4', p6, p4, p4); // gp(p6, p4)
    const inner = cell('sum_44_4', gated, p4, p4);
    const out3 = cell('sum_43_3', inner, p3, p3);
    const out4 = cell('sum_34_4', out3, inner, p4);
    const out5 = cell('sum_55_5', p5, cell('gp_43_5', out4, out3, p5), p5); // p5 + gp(p4, p3)
    const out7 = cell('sum_77_7', p7, cell('gp_54_7', out5, inner, p7), p7); // p7 + gp(p5, inner p4)
    const out6 = cell('gp_75_6', out7, out5, p6);
    return [out3, out4, out5, out6, out7];
  }
}

/**
 * @example new NASFPN({ ...nasFpn.options.parse({ out_channels: 256, num_outs: 5, stack_times: 7, start_level: 1 }), in_channels: [256, 512, 1024, 2048] })
 */
export class NASFPN extends Module implements Neck {
  readonly outputs: FeatureSpec[];
  private readonly lateralConvs: ModuleList<ConvModule>;
  private readonly extraDownsamples: ModuleList<ModuleList<ConvModule>>;
  private readonly stages: ModuleList<Stage>;

  constructor(
    private readonly options: Options,
    inputs?: FeatureSpec[],
  ) {
    super();
    const { in_channels, out_channels: outChannels, num_outs, start_level, norm_cfg, stack_times } = options;
    const { end, used } = pyramid({ ...options, add_extra_convs: false });
    const conv = (inChannels: number) =>
      new ConvModule({ inChannels, outChannels, kernelSize: 1, normCfg: norm_cfg, actCfg: null });
    this.lateralConvs = this.addChild(
      'lateral_convs',
      new ModuleList(in_channels.slice(start_level, end).map((channels) => conv(channels))),
    );
    this.extraDownsamples = this.addChild(
      'extra_downsamples',
      new ModuleList(Array.from({ length: num_outs - used }, () => new ModuleList([conv(outChannels)]))),
    );
    this.stages = this.addChild(
      'fpn_stages',
      new ModuleList(Array.from({ length: stack_times }, () => new Stage(outChannels, norm_cfg))),
    );
    this.outputs = pyramidOutputs(options, inputs);
    applyInitCfg(this, options.init_cfg);
  }

  /** Backbone levels, finest first -> P3 to P7. */
  forward(inputs: tf.Tensor4D[]): tf.Tensor4D[] {
    return tf.tidy(() => {
      const { start_level } = this.options;
      const levels = [...this.lateralConvs].map((conv, i) => conv.forward(inputs[start_level + i]));
      for (const [conv] of this.extraDownsamples)
        levels.push(maxPool2d(conv.forward(levels[levels.length - 1]), { size: [2, 2] }));
      let pyramid = levels as Levels;
      for (const stage of this.stages) pyramid = stage.forward(pyramid);
      return pyramid;
    });
  }
}

export const nasFpn = defineModule({
  kind: 'neck',
  type: 'NASFPN',
  summary: 'Searched pyramid of seven merging cells, stacked stack_times times on five levels.',
  paper: 'Ghiasi, Lin and Le: NAS-FPN: Learning Scalable Feature Pyramid Architecture for Object Detection, CVPR 2019',
  shapes: '[N, H/s, W/s, in_channels[i]] for each backbone level -> 5 levels [N, H/s, W/s, out_channels]',
  example: "{ type: 'NASFPN', out_channels: 256, num_outs: 5, stack_times: 7, start_level: 1 }",
  options,
  inferred: { in_channels: "the backbone's channels" },
  infer: (o, context) => {
    expectLevels(
      'NASFPN',
      context.path,
      5,
      o.num_outs,
      'output levels (num_outs): the searched pyramid joins P3 to P7',
    );
    return inferFPN('NASFPN', o, context);
  },
  build: (o, { inputs }) => new NASFPN({ ...o, in_channels: o.in_channels! }, inputs),
});
