// Feature Pyramid Network (Lin et al., CVPR 2017), with MMDetection's options: which levels enter, how levels beyond the
// backbone's are made, norms and activations.

import * as tf from '@tensorflow/tfjs';
import { ConvModule, type ConvModuleConfig } from '../../nn/conv-module';
import { applyInitCfg } from '../../nn/init-cfg';
import { Module } from '../../nn/module';
import { ModuleList } from '../../nn/module-list';
import { maxPool2d } from '../../ops/max-pool2d';
import { resizeNearest, upsampleNearest } from '../../ops/resize-nearest';
import { defineModule } from '../../registry';
import type { FeatureSpec, Neck } from '../types';
import { type FPNOptions, fpnOptions, inferFPN, pyramid } from './fpn-options';

/**
 * @example new FPN({ ...fpn.options.parse({ out_channels: 256, num_outs: 5 }), in_channels: [256, 512, 1024, 2048] }, inputs)
 */
export class FPN extends Module implements Neck {
  readonly outputs: FeatureSpec[];
  protected readonly lateralConvs: ModuleList<ConvModule>;
  protected readonly fpnConvs: ModuleList<ConvModule>;
  /** Index after the last backbone level that enters. */
  protected readonly end: number;
  protected readonly used: number;

  /** `inputs` are the backbone's levels; without them strides are taken to start at 4 and double. */
  constructor(
    protected readonly options: FPNOptions & { in_channels: number[] },
    inputs?: FeatureSpec[],
  ) {
    super();
    const { in_channels, out_channels, start_level, num_outs } = options;
    const { end, used, extraMode } = pyramid(options);
    this.end = end;
    this.used = used;
    const taken = in_channels.slice(start_level, end);
    this.lateralConvs = this.addChild(
      'lateral_convs',
      new ModuleList(taken.map((inChannels) => this.conv({ inChannels, kernelSize: 1 }, !options.no_norm_on_lateral))),
    );
    this.fpnConvs = this.addChild(
      'fpn_convs',
      new ModuleList(taken.map(() => this.conv({ inChannels: out_channels, kernelSize: 3, padding: 1 }))),
    );
    if (extraMode)
      for (let i = used; i < num_outs; i++) {
        const inChannels = i === used && extraMode === 'on_input' ? in_channels[end - 1] : out_channels;
        this.fpnConvs.push(this.conv({ inChannels, kernelSize: 3, stride: 2, padding: 1 }));
      }
    const strides = inputs?.map((level) => level.stride) ?? in_channels.map((_, i) => 4 * 2 ** i);
    this.outputs = Array.from({ length: num_outs }, (_, i) => ({
      channels: out_channels,
      stride: i < used ? strides[start_level + i] : strides[end - 1] * 2 ** (i - used + 1),
    }));
    applyInitCfg(this, options.init_cfg);
  }

  protected conv(config: Omit<ConvModuleConfig, 'outChannels'>, norm = true): ConvModule {
    const { out_channels: outChannels, conv_cfg: convCfg, norm_cfg, act_cfg: actCfg } = this.options;
    return new ConvModule({ ...config, outChannels, convCfg, normCfg: norm ? norm_cfg : null, actCfg });
  }

  /** Backbone levels, finest first -> `num_outs` levels of `out_channels`, finest first. */
  forward(inputs: tf.Tensor4D[]): tf.Tensor4D[] {
    return tf.tidy(() => {
      const laterals = this.topDown(inputs);
      const outs = laterals.map((lateral, i) => this.fpnConvs.at(i).forward(lateral));
      return this.extend(outs, inputs, laterals);
    });
  }

  /** Lateral convolutions, each with the level above added: P5 -> P4 -> P3 -> ... */
  protected topDown(inputs: tf.Tensor4D[]): tf.Tensor4D[] {
    const laterals: tf.Tensor4D[] = [];
    for (let i = this.used - 1; i >= 0; i--) {
      const input = inputs[this.options.start_level + i];
      const above = i === this.used - 1 ? undefined : this.upsample(laterals[i + 1], input);
      laterals[i] = this.lateralConvs.at(i).forward(input, { residual: above });
    }
    return laterals;
  }

  private upsample(x: tf.Tensor4D, target: tf.Tensor4D): tf.Tensor4D {
    const factor = this.options.upsample_cfg.scale_factor;
    return factor === undefined ? resizeNearest(x, [target.shape[1], target.shape[2]]) : upsampleNearest(x, factor);
  }

  /** Levels beyond the backbone's: subsampled, or by strided convolutions from the chosen source. */
  protected extend(outs: tf.Tensor4D[], inputs: tf.Tensor4D[], laterals: tf.Tensor4D[]): tf.Tensor4D[] {
    const all = [...outs];
    const { num_outs, relu_before_extra_convs } = this.options;
    const { extraMode } = pyramid(this.options);
    for (let i = this.used; i < num_outs; i++) {
      const last = all[i - 1];
      if (!extraMode) all.push(maxPool2d(last, { size: [1, 1], strides: [2, 2] }));
      else if (i === this.used) {
        const source = { on_input: inputs[this.end - 1], on_lateral: laterals[this.used - 1], on_output: last };
        all.push(this.fpnConvs.at(i).forward(source[extraMode]));
      } else all.push(this.fpnConvs.at(i).forward(relu_before_extra_convs ? tf.relu(last) : last));
    }
    return all;
  }
}

export const fpn = defineModule({
  kind: 'neck',
  type: 'FPN',
  summary: 'Feature pyramid: every level gets the levels above it added, from the coarsest down.',
  paper: 'Lin, Dollár, Girshick, He, Hariharan and Belongie: Feature Pyramid Networks for Object Detection, CVPR 2017',
  shapes: '[N, H/s, W/s, in_channels[i]] for each backbone level -> num_outs levels [N, H/s, W/s, out_channels]',
  example: "{ type: 'FPN', out_channels: 256, num_outs: 5 }",
  options: fpnOptions,
  inferred: { in_channels: "the backbone's channels" },
  infer: (o, context) => inferFPN('FPN', o, context),
  build: (o, { inputs }) => new FPN({ ...o, in_channels: o.in_channels! }, inputs),
});
