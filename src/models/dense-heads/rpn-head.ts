// RPNHead: for every anchor, is there an object, and where exactly (Ren et al., Faster R-CNN, NeurIPS 2015). Few anchors are
// sampled, and the losses read these alone.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { Conv2d, ConvModule, Sequential } from '../../nn';
import { inferHeadChannels } from '../inferred-options/infer-head-channels';
import type { LossContext, Losses } from '../types';
import type { AnchorMaps } from './anchor-head';
import { type AnchorProposalConfig, AnchorProposalHead, anchorProposalOptions } from './anchor-proposal-head';
import type { BatchTargets } from './batch-targets';
import { cellPriors } from './cell-priors';
import type { DenseOutputs } from './dense-outputs';
import { initializeDenseHead } from './initialize-dense-head';

const options = z.strictObject({
  ...anchorProposalOptions,
  num_convs: z.number().int().min(1).default(1).describe('Number of 3x3 convolutions before the predictions'),
});

export type RPNHeadConfig = AnchorProposalConfig &
  Pick<z.output<typeof options>, 'num_convs' | 'feat_channels' | 'init_cfg'>;

export class RPNHead extends AnchorProposalHead<RPNHeadConfig> {
  private readonly conv: Conv2d | Sequential<ConvModule>;
  private readonly cls: Conv2d;
  private readonly reg: Conv2d;

  constructor(config: RPNHeadConfig, context: BuildContext) {
    super(config, context);
    const { in_channels, feat_channels, num_convs } = config;
    const layer = { outChannels: feat_channels, kernelSize: 3, padding: 1 };
    const conv =
      num_convs === 1
        ? new Conv2d({ inChannels: in_channels, ...layer })
        : new Sequential(
            Array.from(
              { length: num_convs },
              (_, i) => new ConvModule({ inChannels: i === 0 ? in_channels : feat_channels, ...layer }),
            ),
          );
    this.conv = this.addChild<Conv2d | Sequential<ConvModule>>('rpn_conv', conv);
    const perCell = cellPriors('RPNHead', this.priors, context.path);
    const predict = (outChannels: number) => new Conv2d({ inChannels: feat_channels, outChannels, kernelSize: 1 });
    this.cls = this.addChild('rpn_cls', predict(perCell * this.scoreChannels));
    this.reg = this.addChild('rpn_reg', predict(perCell * this.coder.encodeSize));
    initializeDenseHead(this, config.init_cfg);
  }

  protected override forwardSingle(x: tf.Tensor4D): Record<AnchorMaps, tf.Tensor4D> {
    const y =
      this.conv instanceof Conv2d ? this.conv.forward(x, { activation: 'relu' }) : tf.relu(this.conv.forward(x));
    return { scores: this.cls.forward(y), deltas: this.reg.forward(y) };
  }

  /** `loss_rpn_cls` and `loss_rpn_bbox`. */
  protected override losses(outputs: DenseOutputs<AnchorMaps>, targets: BatchTargets, context: LossContext): Losses {
    const { loss_cls, loss_bbox } = super.losses(outputs, targets, context);
    return { loss_rpn_cls: loss_cls, loss_rpn_bbox: loss_bbox };
  }
}

export const rpnHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'RPNHead',
  summary: 'Region proposal network: objectness and a box for every anchor',
  paper: 'Ren et al., Faster R-CNN, NeurIPS 2015',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4] and scores [n]',
  example:
    "{ type: 'RPNHead', anchor_generator: { type: 'AnchorGenerator', scales: [8], ratios: [0.5, 1, 2] }, loss_bbox: { type: 'L1Loss' } }",
  options,
  inferred: { in_channels: "the neck's channels" },
  infer: (given, context) => ({ ...given, in_channels: inferHeadChannels('RPNHead', given.in_channels, context) }),
  build: (given, context) => new RPNHead(given as RPNHeadConfig, context),
});
