// RPNHead: for every anchor, is there an object, and where exactly (Ren et al., Faster R-CNN, NeurIPS 2015).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { DetLabError } from '../../errors';
import { applyInitCfg, Conv2d, ConvModule, Sequential } from '../../nn';
import { inferHeadChannels } from '../inferred-options/infer-head-channels';
import type { DetBatch, LossContext, Losses, ProposalHead, ProposalLosses } from '../types';
import { AnchorHead, type AnchorHeadConfig, type FlatOutputs } from './anchor-head';
import { anchorHeadOptions } from './anchor-head-options';
import type { AnchorTargets } from './anchor-targets';
import { type ProposalCfg, proposalCfg, proposalsOf } from './proposals';

const options = z.strictObject({
  ...anchorHeadOptions,
  num_classes: z.literal(1).default(1).describe('Always 1: object or not'),
  num_convs: z.number().int().min(1).default(1).describe('3x3 convolutions before the predictions'),
  test_cfg: proposalCfg.nullish().describe('How proposals are chosen; set by the detector'),
});

export type RPNHeadConfig = AnchorHeadConfig & { num_convs: number; test_cfg?: ProposalCfg | null };

export class RPNHead extends AnchorHead implements ProposalHead {
  private readonly conv: Conv2d | Sequential<ConvModule>;
  private readonly cls: Conv2d;
  private readonly reg: Conv2d;
  private readonly testCfg: ProposalCfg | null | undefined;

  constructor(config: RPNHeadConfig, context: BuildContext) {
    super(config, context);
    this.testCfg = config.test_cfg;
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
    const perCell = this.anchorsPerCell(context.path);
    const predict = (outChannels: number) => new Conv2d({ inChannels: feat_channels, outChannels, kernelSize: 1 });
    this.cls = this.addChild('rpn_cls', predict(perCell * this.scoreChannels));
    this.reg = this.addChild('rpn_reg', predict(perCell * this.coder.encodeSize));
    applyInitCfg(this, config.init_cfg);
  }

  /** One head serves all levels, so all levels need as many anchors per cell. */
  private anchorsPerCell(path: string): number {
    const counts = this.priors.numBasePriors;
    if (new Set(counts).size > 1)
      throw new DetLabError(
        `Cannot build RPNHead at ${path}: expected the same number of anchors per cell on all levels, received [${counts.join(', ')}]`,
      );
    return counts[0];
  }

  protected override forwardSingle(x: tf.Tensor4D): { scores: tf.Tensor4D; deltas: tf.Tensor4D } {
    const y =
      this.conv instanceof Conv2d ? this.conv.forward(x, { activation: 'relu' }) : tf.relu(this.conv.forward(x));
    return { scores: this.cls.forward(y), deltas: this.reg.forward(y) };
  }

  /** Losses `loss_rpn_cls` and `loss_rpn_bbox`, summed over levels. */
  loss(features: tf.Tensor4D[], batch: DetBatch, context: LossContext): Losses {
    const flat = this.flatten(this.forward(features));
    return named(this.losses(flat, this.objectTargets(flat, batch, context)));
  }

  /** Losses, and the proposals for the second stage, cut from the gradient. */
  lossAndPredict(features: tf.Tensor4D[], batch: DetBatch, context: LossContext, cfg = this.testCfg): ProposalLosses {
    const flat = this.flatten(this.forward(features));
    const losses = named(this.losses(flat, this.objectTargets(flat, batch, context)));
    return { losses, proposals: this.proposals(flat, batch, cfg) };
  }

  private objectTargets(flat: FlatOutputs, batch: DetBatch, context: LossContext): AnchorTargets[] {
    return this.targets(flat.sizes, batch, context, (parts) => this.predictions(flat, parts), true);
  }

  /** Proposals of each image, all with label 0; in pixels of the original image with `rescale`, else of the network's input. */
  predict(features: tf.Tensor4D[], batch: DetBatch, { rescale = false } = {}): Detections[] {
    return this.proposals(this.flatten(this.forward(features)), batch, this.testCfg, rescale);
  }

  private proposals(
    { scores, deltas, sizes }: FlatOutputs,
    batch: DetBatch,
    cfg: ProposalCfg | null | undefined,
    rescale = false,
  ): Detections[] {
    if (!cfg)
      throw new DetLabError(
        'Cannot choose proposals: RPNHead was built without test_cfg. Give test_cfg, for example ' +
          "{ nms_pre: 1000, max_per_img: 1000, nms: { type: 'nms', iou_threshold: 0.7 } }",
      );
    const anchors = this.anchors(sizes);
    const perCell = this.priors.numBasePriors;
    const levels = sizes.map(([h, w], i) => h * w * perCell[i]);
    const total = anchors.length / 4;
    const [logits, coded] = [scores.dataSync<'float32'>(), deltas.dataSync<'float32'>()];
    return batch.samples.map(({ meta }, i) => {
      const own = (values: Float32Array, columns: number) =>
        values.subarray(i * total * columns, (i + 1) * total * columns);
      const input = {
        logits: objectness(own(logits, this.scoreChannels), this.scoreChannels),
        deltas: own(coded, this.coder.encodeSize),
        anchors,
        levels,
      };
      const [x, y] = meta.scaleFactor;
      const proposals = proposalsOf(input, this.coder, meta.imgShape, cfg, rescale ? [1 / x, 1 / y] : undefined);
      return { ...proposals, labels: new Int32Array(proposals.scores.length) };
    });
  }
}

const named = ({ cls, bbox }: { cls: tf.Scalar; bbox: tf.Scalar }): Losses => ({
  loss_rpn_cls: cls,
  loss_rpn_bbox: bbox,
});

/** Logit of an object: the one there is, or the lead over the background (softmax of two is the sigmoid of their difference). */
function objectness(logits: Float32Array, channels: number): Float32Array {
  if (channels === 1) return logits;
  return Float32Array.from({ length: logits.length / 2 }, (_, i) => logits[2 * i] - logits[2 * i + 1]);
}

export const rpnHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'RPNHead',
  summary: 'Region proposal network: object or not, and a box, for every anchor',
  paper: 'Ren et al., Faster R-CNN, NeurIPS 2015',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4] and scores [n]',
  example:
    "{ type: 'RPNHead', anchor_generator: { type: 'AnchorGenerator', scales: [8], ratios: [0.5, 1, 2] }, loss_bbox: { type: 'L1Loss' } }",
  options,
  inferred: { in_channels: "the neck's channels" },
  infer: (given, context) => ({ ...given, in_channels: inferHeadChannels('RPNHead', given.in_channels, context) }),
  build: (given, context) => new RPNHead(given as RPNHeadConfig, context),
});
