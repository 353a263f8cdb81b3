// Feature Pyramid Network (Lin et al., CVPR 2017), with MMDetection's options: input levels, extra levels, norms and
// activations.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { ConvModule, type ConvModuleConfig } from '../../nn/conv-module';
import { applyInitCfg } from '../../nn/init-cfg';
import { Module } from '../../nn/module';
import { ModuleList } from '../../nn/module-list';
import { interpolate } from '../../ops/interpolate';
import { maxPool2d } from '../../ops/max-pool2d';
import type { FeatureSpec, Neck } from '../types';
import { type FPNOptions, fpnOptions, inferFPN, pyramid, pyramidOutputs } from './fpn-options';

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
    this.outputs = pyramidOutputs(options, inputs);
    applyInitCfg(this, options.init_cfg);
  }

  protected conv(config: Omit<ConvModuleConfig, 'outChannels'>, norm = true): ConvModule {
    const { out_channels: outChannels, conv_cfg: convCfg, norm_cfg, act_cfg: actCfg } = this.options;
    return new ConvModule({ ...config, outChannels, convCfg, normCfg: norm ? norm_cfg : null, actCfg });
  }

  /** Backbone levels, finest first -> `num_outs` levels of `out_channels`, finest first. */
  forward(inputs: tf.Tensor4D[], { release = false } = {}): tf.Tensor4D[] {
    return tf.tidy(() => {
      const laterals = this.topDown(inputs, release);
      return this.extend(this.smooth(laterals), inputs, laterals);
    });
  }

  /** Each merged level through its 3x3 convolution; frees the levels that nothing else reads. */
  protected smooth(laterals: tf.Tensor4D[]): tf.Tensor4D[] {
    const kept = pyramid(this.options).extraMode === 'on_lateral' ? laterals.at(-1) : undefined;
    return laterals.map((lateral, i) => {
      const y = this.fpnConvs.at(i).forward(lateral);
      if (lateral !== kept) lateral.dispose();
      return y;
    });
  }

  /** Lateral convolutions, each with the level above added: P5 -> P4 -> P3 -> ... */
  protected topDown(inputs: tf.Tensor4D[], release = false): tf.Tensor4D[] {
    const laterals: tf.Tensor4D[] = [];
    const readAgain = pyramid(this.options).extraMode === 'on_input' ? inputs[this.end - 1] : undefined;
    for (let i = this.used - 1; i >= 0; i--) {
      const input = inputs[this.options.start_level + i];
      const convolution = this.lateralConvs.at(i);
      const above = laterals[i + 1];
      const residual = above && this.upsample(above, input);
      const lateral = convolution.forward(input, { residual });
      laterals[i] = above ? this.merged(lateral) : lateral;
      if (residual && residual !== above) residual.dispose();
      if (release && input !== readAgain) input.dispose();
    }
    return laterals;
  }

  /** What becomes of a level when the one above has been added. */
  protected merged(x: tf.Tensor4D): tf.Tensor4D {
    return x;
  }

  /** A level at the size of the one below. */
  protected upsample(x: tf.Tensor4D, target: tf.Tensor4D): tf.Tensor4D {
    const { mode, scale_factor, align_corners, recompute_scale_factor, antialias } = this.options.upsample_cfg;
    const size: [number, number] = [target.shape[1], target.shape[2]];
    const y = interpolate(x, {
      ...(scale_factor === undefined ? { size } : { scaleFactor: scale_factor }),
      ...{ mode, alignCorners: align_corners, recomputeScaleFactor: recompute_scale_factor, antialias },
    });
    if (y.shape[1] !== size[0] || y.shape[2] !== size[1])
      throw new DetLabError(
        `Cannot add a feature level to the one below: enlarged by scale_factor ${scale_factor} it is ` +
          `${y.shape[1]} x ${y.shape[2]}, but the level below is ${size.join(' x ')}. Leave scale_factor out, or pad ` +
          'images to a multiple of the coarsest stride (data_preprocessor.pad_size_divisor)',
      );
    return y;
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
  summary: 'Feature pyramid: lateral connections and a top-down path that adds each level to the next finer one.',
  paper: 'Lin, Dollár, Girshick, He, Hariharan and Belongie: Feature Pyramid Networks for Object Detection, CVPR 2017',
  shapes: '[N, H/s, W/s, in_channels[i]] for each backbone level -> num_outs levels [N, H/s, W/s, out_channels]',
  example: "{ type: 'FPN', out_channels: 256, num_outs: 5 }",
  options: fpnOptions.extend({
    // of V3Det's config with Swin-B; MMDetection 3.3 refuses it
    force_grad_on_level: ignoredOption(
      "levels without part in a loss need no gradient; MMDetection's FPN has no such option",
      {
        schema: z.boolean().optional(),
        harmless: [false],
      },
    ),
  }),
  inferred: { in_channels: "the backbone's channels" },
  infer: (o, context) => inferFPN('FPN', o, context),
  build: (o, { inputs }) => new FPN({ ...o, in_channels: o.in_channels! }, inputs),
});
