// GuidedAnchorHead: guided anchors on the feature levels, or on a hidden layer of them (Wang et al., CVPR 2019).

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { Conv2d, type InitCfg } from '../../nn';
import { stopGradient } from '../../ops/stop-gradient';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import { FeatureAlign } from '../layers/feature-align';
import { type GuidedAnchorConfig, guidedAnchorOptions, guidedInit } from './guided-anchor-options';
import { GuidedAnchors, type GuidedMaps } from './guided-anchors';
import { initOptionOf, testCfgOption } from './head-options';
import { initializeDenseHead } from './initialize-dense-head';

const options = z.strictObject({
  ...guidedAnchorOptions,
  init_cfg: initOptionOf(guidedInit('conv_loc')),
  test_cfg: testCfgOption,
});
export type GuidedAnchorHeadConfig = GuidedAnchorConfig & { init_cfg?: InitCfg | InitCfg[] | null; test_cfg?: unknown };

export class GuidedAnchorHead<C extends GuidedAnchorHeadConfig = GuidedAnchorHeadConfig> extends GuidedAnchors<C> {
  private readonly hidden?: Conv2d;
  private readonly loc: Conv2d;
  private readonly shape: Conv2d;
  private readonly adaption: FeatureAlign;
  private readonly cls: Conv2d;
  private readonly reg: Conv2d;

  /** @param hidden name of a 3x3 convolution before all else */
  constructor(config: C, context: BuildContext, hidden?: string) {
    super(config, context);
    const { in_channels, feat_channels } = config;
    if (hidden)
      this.hidden = this.addChild(
        hidden,
        new Conv2d({ inChannels: in_channels, outChannels: feat_channels, kernelSize: 3, padding: 1 }),
      );
    const inChannels = hidden ? feat_channels : in_channels;
    const point = (channels: number, outChannels: number) =>
      new Conv2d({ inChannels: channels, outChannels, kernelSize: 1 });
    this.loc = this.addChild('conv_loc', point(inChannels, 1));
    this.shape = this.addChild('conv_shape', point(inChannels, 2));
    this.adaption = this.addChild(
      'feature_adaption',
      new FeatureAlign(inChannels, feat_channels, config.deform_groups, 2),
    );
    this.cls = this.addChild('conv_cls', point(feat_channels, this.scoreChannels));
    this.reg = this.addChild('conv_reg', point(feat_channels, this.coder.encodeSize));
    initializeDenseHead(this, config.init_cfg);
  }

  protected override forwardSingle(x: tf.Tensor4D): Record<GuidedMaps, tf.Tensor4D> {
    const y = this.hidden?.forward(x, { activation: 'relu' }) ?? x;
    const shapes = this.shape.forward(y);
    const adapted = this.adaption.forward(y, stopGradient(shapes));
    return {
      scores: this.cls.forward(adapted),
      deltas: this.reg.forward(adapted),
      shapes,
      locations: this.loc.forward(y),
    };
  }
}

export const guidedAnchorHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'GuidedAnchorHead',
  summary: 'Head whose anchors are placed and sized by prediction, with features that adapt to them',
  paper: 'Wang et al., Region Proposal by Guided Anchoring, CVPR 2019',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example: "{ type: 'GuidedAnchorHead', num_classes: 80, loss_cls: { type: 'FocalLoss' } }",
  options,
  inferred: denseHeadInferred,
  infer: (given, context) => inferDenseHead('GuidedAnchorHead', given, context),
  build: (given, context) => new GuidedAnchorHead(given as GuidedAnchorHeadConfig, context),
});
