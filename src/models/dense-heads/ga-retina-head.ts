// GARetinaHead: RetinaNet's towers with guided anchors, placed by the class tower and sized by the box tower (Wang et al., Region
// Proposal by Guided Anchoring, CVPR 2019).

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { Conv2d, initCfg } from '../../nn';
import { stopGradient } from '../../ops/stop-gradient';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import { FeatureAlign } from '../layers/feature-align';
import { type GuidedAnchorConfig, guidedAnchorOptions, guidedInit } from './guided-anchor-options';
import { GuidedAnchors, type GuidedMaps } from './guided-anchors';
import { normOption, testCfgOption, towerOptions } from './head-options';
import { initializeDenseHead } from './initialize-dense-head';
import { TowerPair } from './tower-pair';

const options = z.strictObject({
  ...guidedAnchorOptions,
  ...towerOptions,
  norm_cfg: normOption,
  init_cfg: initCfg
    .nullish()
    .describe('Weight initialisation; by default N(0, 0.01), locations and classes start at a probability of 0.01'),
  test_cfg: testCfgOption,
});
export type GARetinaHeadConfig = GuidedAnchorConfig & z.output<typeof options>;

export class GARetinaHead extends GuidedAnchors<GARetinaHeadConfig> {
  private readonly towers: TowerPair;
  private readonly loc: Conv2d;
  private readonly shape: Conv2d;
  private readonly adaption: Record<'cls' | 'reg', FeatureAlign>;
  private readonly cls: Conv2d;
  private readonly reg: Conv2d;

  constructor(config: GARetinaHeadConfig, context: BuildContext) {
    super(config, context);
    this.towers = new TowerPair(config);
    this.addChild('cls_convs', this.towers.cls);
    this.addChild('reg_convs', this.towers.reg);
    const inChannels = this.towers.channels;
    this.loc = this.addChild('conv_loc', new Conv2d({ inChannels, outChannels: 1, kernelSize: 1 }));
    this.shape = this.addChild('conv_shape', new Conv2d({ inChannels, outChannels: 2, kernelSize: 1 }));
    const adaption = () => new FeatureAlign(inChannels, inChannels, config.deform_groups, 2);
    this.adaption = {
      cls: this.addChild('feature_adaption_cls', adaption()),
      reg: this.addChild('feature_adaption_reg', adaption()),
    };
    this.cls = this.addChild('retina_cls', this.towers.predictor(this.scoreChannels));
    this.reg = this.addChild('retina_reg', this.towers.predictor(this.coder.encodeSize));
    initializeDenseHead(this, config.init_cfg ?? guidedInit('conv_loc', 'retina_cls'));
  }

  protected override forwardSingle(x: tf.Tensor4D): Record<GuidedMaps, tf.Tensor4D> {
    const { cls, reg } = this.towers.forward(x);
    const shapes = this.shape.forward(reg);
    const size = stopGradient(shapes);
    return {
      scores: this.cls.forward(this.adaption.cls.forward(cls, size)),
      deltas: this.reg.forward(this.adaption.reg.forward(reg, size)),
      shapes,
      locations: this.loc.forward(cls),
    };
  }
}

export const gaRetinaHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'GARetinaHead',
  summary: 'RetinaNet whose anchors are placed and sized by prediction',
  paper: 'Wang et al., Region Proposal by Guided Anchoring, CVPR 2019',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example:
    "{ type: 'GARetinaHead', num_classes: 80, approx_anchor_generator: { type: 'AnchorGenerator', octave_base_scale: 4, scales_per_octave: 3, ratios: [0.5, 1, 2] }, square_anchor_generator: { type: 'AnchorGenerator', ratios: [1], scales: [4] }, loss_cls: { type: 'FocalLoss' } }",
  options,
  inferred: denseHeadInferred,
  infer: (given, context) => inferDenseHead('GARetinaHead', given, context),
  build: (given, context) => new GARetinaHead(given as GARetinaHeadConfig, context),
});
