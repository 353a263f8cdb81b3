// SharedTowerHead: RetinaNet's head (Lin et al., ICCV 2017) with one tower for both the classes and the boxes.

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../src/catalogue/registry';
import { AnchorHead, type AnchorMaps } from '../../src/models/dense-heads/anchor-head';
import { cellPriors } from '../../src/models/dense-heads/cell-priors';
import { convTower, type TowerLayer } from '../../src/models/dense-heads/conv-tower';
import { initializeDenseHead } from '../../src/models/dense-heads/initialize-dense-head';
import { type RetinaHeadConfig, retinaOptions } from '../../src/models/dense-heads/retina-head';
import { denseHeadInferred, inferDenseHead } from '../../src/models/inferred-options/infer-dense-head';
import { Conv2d, type Sequential } from '../../src/nn';

export class SharedTowerHead extends AnchorHead<RetinaHeadConfig> {
  protected readonly tower: Sequential<TowerLayer>;
  protected readonly cls: Conv2d;
  protected readonly reg: Conv2d;

  constructor(config: RetinaHeadConfig, context: BuildContext) {
    super(config, context);
    const perCell = cellPriors('SharedTowerHead', this.priors, context.path);
    const predictor = (outChannels: number) =>
      new Conv2d({ inChannels: config.feat_channels, outChannels, kernelSize: 3, padding: 1 });
    this.tower = this.addChild('convs', convTower(config));
    this.cls = this.addChild('retina_cls', predictor(perCell * this.scoreChannels));
    this.reg = this.addChild('retina_reg', predictor(perCell * this.coder.encodeSize));
    initializeDenseHead(this, config.init_cfg);
  }

  protected override forwardSingle(x: tf.Tensor4D): Record<AnchorMaps, tf.Tensor4D> {
    const features = this.tower.forward(x); // [N, H, W, feat_channels]
    return { scores: this.cls.forward(features), deltas: this.reg.forward(features) };
  }
}

export const sharedTowerHead = defineModule({
  kind: 'dense_head',
  type: 'SharedTowerHead',
  summary: 'Anchor-based head with one tower for both classification and regression',
  origin: 'DetLab, an example',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example: "{ type: 'SharedTowerHead', num_classes: 80, stacked_convs: 2 }",
  options: z.strictObject({
    ...retinaOptions,
    stacked_convs: z.int().positive().default(2).describe('3x3 convolutions'),
  }),
  inferred: denseHeadInferred,
  infer: (given, context) => inferDenseHead('SharedTowerHead', given, context),
  build: (given, context) => new SharedTowerHead(given as RetinaHeadConfig, context),
});
