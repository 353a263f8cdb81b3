// RPNHead: for every anchor, is there an object, and where exactly (Ren et al., Faster R-CNN, NeurIPS 2015). Few anchors are
// sampled, and the losses read these alone.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import type { Detections, ImageMeta } from '../../data/types';
import { Conv2d, ConvModule, Sequential } from '../../nn';
import { inferHeadChannels } from '../inferred-options/infer-head-channels';
import { requireCfg } from '../require-cfg';
import { type ProposalCfg, proposalCfg } from '../shared-options/proposal-cfg';
import type { LossContext, Losses } from '../types';
import { AnchorHead, type AnchorHeadConfig, type AnchorMaps } from './anchor-head';
import { anchorHeadOptions } from './anchor-head-options';
import { averagedTargets, type BatchTargets, sampledTargets } from './batch-targets';
import { cellPriors } from './cell-priors';
import type { Candidates } from './decode-detections';
import type { CandidateTensors, Selection } from './dense-head';
import type { DenseOutputs } from './dense-outputs';
import { testCfgText } from './head-options';
import type { ImageTargets } from './image-targets';
import { initializeDenseHead } from './initialize-dense-head';
import { selectProposals } from './select-proposals';

const options = z.strictObject({
  ...anchorHeadOptions,
  num_classes: z.literal(1).default(1).describe('Always 1: object or background'),
  num_convs: z.number().int().min(1).default(1).describe('Number of 3x3 convolutions before the predictions'),
  test_cfg: proposalCfg.nullish().describe(testCfgText),
});

export type RPNHeadConfig = AnchorHeadConfig &
  Pick<z.output<typeof options>, 'num_convs' | 'feat_channels' | 'init_cfg'> & {
    in_channels: number;
    test_cfg?: ProposalCfg | null;
  };

const TEST_EXAMPLE = "{ nms_pre: 1000, max_per_img: 1000, nms: { type: 'nms', iou_threshold: 0.7 } }";

export class RPNHead extends AnchorHead<RPNHeadConfig> {
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

  protected override mergeTargets(images: ImageTargets[], total: number): BatchTargets {
    return averagedTargets(sampledTargets(images, this.targetOptions(total)));
  }

  /** `loss_rpn_cls` and `loss_rpn_bbox`. */
  protected override losses(outputs: DenseOutputs<AnchorMaps>, targets: BatchTargets, context: LossContext): Losses {
    const { loss_cls, loss_bbox } = super.losses(outputs, targets, context);
    return { loss_rpn_cls: loss_cls, loss_rpn_bbox: loss_bbox };
  }

  protected override get testCfg(): ProposalCfg {
    return requireCfg(this.config.test_cfg, 'RPNHead', 'test_cfg', TEST_EXAMPLE);
  }

  /** Logits, since proposals are selected by rank. */
  protected override candidates(outputs: DenseOutputs<AnchorMaps>): CandidateTensors {
    return { scores: outputs.flat('scores'), ...this.candidateBoxes(outputs) };
  }

  override get selection(): Selection {
    return { ...super.selection, rule: 'proposals' };
  }

  protected override suppress(candidates: Candidates, meta: ImageMeta, cfg: ProposalCfg, rescale: boolean): Detections {
    const { scores, columns } = candidates;
    return selectProposals({ ...candidates, scores: objectness(scores, columns) }, meta, cfg, rescale);
  }
}

/** Logit of an object: the one there is, or the lead over the background (softmax of two is the sigmoid of their difference). */
function objectness(logits: Float32Array, channels: number): Float32Array {
  if (channels === 1) return logits;
  return Float32Array.from({ length: logits.length / 2 }, (_, i) => logits[2 * i] - logits[2 * i + 1]);
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
