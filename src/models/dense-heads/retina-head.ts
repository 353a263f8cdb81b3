// RetinaHead: two towers of convolutions, shared by all levels, for the classes and the boxes of nine anchors a cell
// (Lin et al., Focal Loss, ICCV 2017).

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import type { Conv2d } from '../../nn';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import { AnchorHead, type AnchorMaps } from './anchor-head';
import { anchorHeadOptions } from './anchor-head-options';
import { cellPriors } from './cell-priors';
import { anchorsOption, initOptionOf, normOption, rareClassInit, testCfgOption, towerOptions } from './head-options';
import { initializeDenseHead } from './initialize-dense-head';
import { TowerPair } from './tower-pair';

/** Shared by the heads that grew from RetinaNet's. */
export const retinaOptions = {
  ...anchorHeadOptions,
  ...towerOptions,
  norm_cfg: normOption,
  anchor_generator: anchorsOption({
    type: 'AnchorGenerator',
    octave_base_scale: 4,
    scales_per_octave: 3,
    ratios: [0.5, 1, 2],
  }),
  init_cfg: initOptionOf(rareClassInit('retina_cls')),
  test_cfg: testCfgOption,
};
const options = z.strictObject(retinaOptions);

export type RetinaHeadConfig = Omit<z.output<typeof options>, 'init_cfg'> &
  Partial<Pick<z.output<typeof options>, 'init_cfg'>> & { in_channels: number; num_classes: number };

export class RetinaHead<C extends RetinaHeadConfig = RetinaHeadConfig> extends AnchorHead<C> {
  protected readonly towers: TowerPair;
  protected readonly cls: Conv2d;
  protected readonly reg: Conv2d;

  constructor(config: C, context: BuildContext) {
    super(config, context);
    this.towers = new TowerPair(config);
    this.addChild('cls_convs', this.towers.cls);
    this.addChild('reg_convs', this.towers.reg);
    const perCell = cellPriors('RetinaHead', this.priors, context.path);
    this.cls = this.addChild('retina_cls', this.towers.predictor(perCell * this.scoreChannels));
    this.reg = this.addChild('retina_reg', this.towers.predictor(perCell * this.coder.encodeSize));
    initializeDenseHead(this, config.init_cfg);
  }

  protected override forwardSingle(x: tf.Tensor4D): Record<AnchorMaps, tf.Tensor4D> {
    const { cls, reg } = this.towers.forward(x);
    return { scores: this.cls.forward(cls), deltas: this.reg.forward(reg) };
  }
}

export const retinaHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'RetinaHead',
  summary: 'Anchor-based head with separate classification and regression towers',
  paper: 'Lin et al., Focal Loss for Dense Object Detection, ICCV 2017',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example:
    "{ type: 'RetinaHead', num_classes: 80, stacked_convs: 4, loss_cls: { type: 'FocalLoss' }, loss_bbox: { type: 'L1Loss' } }",
  options,
  inferred: denseHeadInferred,
  infer: (given, context) => inferDenseHead('RetinaHead', given, context),
  build: (given, context) => new RetinaHead(given as RetinaHeadConfig, context),
});
