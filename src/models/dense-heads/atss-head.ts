// ATSSHead: RetinaNet's towers for one anchor a cell, and the centerness of each box (Zhang et al., CVPR 2020). The box loss
// compares boxes in pixels, each weighted by its centerness.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import type { Conv2d, ModuleList, Scale } from '../../nn';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import { type Loss, zeroLoss } from '../losses';
import type { Losses } from '../types';
import { AnchorHead, type AnchorMaps } from './anchor-head';
import { anchorHeadOptions } from './anchor-head-options';
import type { BatchTargets } from './batch-targets';
import { cellPriors } from './cell-priors';
import { centeredLosses } from './centered-losses';
import type { CandidateTensors } from './dense-head';
import type { DenseOutputs } from './dense-outputs';
import {
  boxesInPixels,
  groupNormOption,
  initOptionOf,
  lossCenternessOption,
  predKernelOption,
  rareClassInit,
  testCfgOption,
  towerOptions,
} from './head-options';
import { initializeDenseHead } from './initialize-dense-head';
import { levelScales, TowerPair } from './tower-pair';

export const atssOptions = {
  ...anchorHeadOptions,
  pred_kernel_size: predKernelOption(3),
  ...towerOptions,
  norm_cfg: groupNormOption,
  reg_decoded_bbox: boxesInPixels(true),
  loss_centerness: lossCenternessOption,
  init_cfg: initOptionOf(rareClassInit('atss_cls')),
  test_cfg: testCfgOption,
};
const options = z.strictObject(atssOptions);
export type ATSSHeadConfig = z.output<typeof options> & { in_channels: number; num_classes: number };
export type ATSSMaps = AnchorMaps | 'centerness';

export class ATSSHead<C extends ATSSHeadConfig = ATSSHeadConfig> extends AnchorHead<C, 'centerness'> {
  protected readonly towers: TowerPair;
  protected readonly cls: Conv2d;
  protected readonly reg: Conv2d;
  protected readonly center: Conv2d;
  protected readonly scales: ModuleList<Scale>;
  protected readonly lossCenterness: Loss;

  constructor(config: C, context: BuildContext) {
    super(config, context);
    this.towers = new TowerPair(config);
    this.addChild('cls_convs', this.towers.cls);
    this.addChild('reg_convs', this.towers.reg);
    const perCell = cellPriors('ATSSHead', this.priors, context.path);
    const predict = (outChannels: number) => this.towers.predictor(outChannels, config.pred_kernel_size);
    this.cls = this.addChild('atss_cls', predict(perCell * this.scoreChannels));
    this.reg = this.addChild('atss_reg', predict(perCell * 4));
    this.center = this.addChild('atss_centerness', predict(perCell));
    this.scales = this.addChild('scales', levelScales(this.priors.numLevels));
    const { registry, path } = context;
    this.lossCenterness = registry.build('loss', config.loss_centerness, { path: `${path}.loss_centerness` });
    initializeDenseHead(this, config.init_cfg);
  }

  /** Centerness is of boxes, so they alone are compared; without reg_decoded_bbox the reference mixes them with coded ones. */
  protected override get decodedTargets(): boolean {
    return true;
  }

  protected override get columns(): Record<string, number> {
    return { ...super.columns, centerness: 1 };
  }

  protected override forwardSingle(x: tf.Tensor4D, level: number): Record<ATSSMaps, tf.Tensor4D> {
    const { cls, reg } = this.towers.forward(x);
    return {
      scores: this.cls.forward(cls),
      deltas: this.scales.at(level).forward(this.reg.forward(reg)),
      centerness: this.center.forward(reg),
    };
  }

  protected override losses(outputs: DenseOutputs<ATSSMaps>, targets: BatchTargets): Losses {
    const { positives, boxes, avgFactor } = targets;
    const loss_cls = this.classLoss(outputs.flat('scores'), targets);
    const anchors = this.priorsOf(positives, outputs.sizes);
    const { coder, lossBbox, lossCenterness } = this;
    const rest = centeredLosses({
      ...{ positives, boxes, avgFactor, anchors, centers: anchors, coder, lossBbox, lossCenterness },
      deltas: outputs.flat('deltas'),
      logits: outputs.flat('centerness'),
      zero: () => zeroLoss(this),
    });
    return { loss_cls, ...rest };
  }

  protected override candidates(outputs: DenseOutputs<ATSSMaps>): CandidateTensors {
    return { ...super.candidates(outputs), factors: tf.sigmoid(outputs.flat('centerness')) };
  }
}

export const atssHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'ATSSHead',
  summary: 'Anchor-based head with one anchor per cell and a centerness branch',
  paper: 'Zhang et al., Adaptive Training Sample Selection, CVPR 2020',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example:
    "{ type: 'ATSSHead', num_classes: 80, anchor_generator: { type: 'AnchorGenerator', ratios: [1], octave_base_scale: 8, scales_per_octave: 1 }, loss_cls: { type: 'FocalLoss' }, loss_bbox: { type: 'GIoULoss', loss_weight: 2 } }",
  options,
  inferred: denseHeadInferred,
  infer: (given, context) => inferDenseHead('ATSSHead', given, context),
  build: (given, context) => new ATSSHead(given as ATSSHeadConfig, context),
});
