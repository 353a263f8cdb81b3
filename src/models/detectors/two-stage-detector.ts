// TwoStageDetector: a first stage proposes regions, a second stage classifies them and refines their boxes. FasterRCNN,
// MaskRCNN and CascadeRCNN are its usual names; FastRCNN has no first stage, its proposals come with the data.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, type ModuleConfig, moduleOption } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { DetLabError } from '../../errors';
import { initCfg } from '../../nn';
import { firstStageTrainCfg } from '../dense-heads/anchor-head-options';
import { forwardNeck } from '../necks/neck-sequence';
import { anyRcnnTrainCfg } from '../roi-heads/proposal-sampler';
import { anyRcnnTestCfg } from '../roi-heads/roi-detections';
import { firstStageTestCfg, type ProposalCfg } from '../shared-options/proposal-cfg';
import type {
  AuxiliaryLevels,
  DetBatch,
  EpochStart,
  LossContext,
  Losses,
  ProposalHead,
  ProposalLosses,
  Proposals,
  RoIHead,
} from '../types';
import { BaseDetector, detectorParts } from './base-detector';
import { classAgnostic } from './class-agnostic';
import { firstStageNames } from './first-stage-names';
import { proposalHead } from './narrow-head';
import { FIRST_STAGE } from './rpn';

const rcnnTrain = z
  .union([anyRcnnTrainCfg, z.array(anyRcnnTrainCfg)])
  .describe('Assignment and sampling of proposals; a list: one for each stage of a cascade');
const rcnnTest = anyRcnnTestCfg.describe('Selection of detections');

const roiHead = moduleOption('roi_head').describe('Second stage: classifies proposals and refines their boxes');
const wholeInit = initCfg.nullish().describe('Weight initialisation of the whole model');
const trainText = 'Training settings; null for a model that only predicts';

export const twoStageOptions = z.strictObject({
  ...detectorParts,
  rpn_head: moduleOption('dense_head').describe('First stage: proposes regions, whatever the class of their object'),
  roi_head: roiHead,
  train_cfg: z
    .strictObject({
      rpn: firstStageTrainCfg,
      rpn_proposal: firstStageTestCfg
        .optional()
        .describe('Selection of proposals in training; that of test_cfg.rpn when absent'),
      rcnn: rcnnTrain,
    })
    .nullish()
    .describe(trainText),
  test_cfg: z
    .strictObject({ rpn: firstStageTestCfg.describe('Selection of proposals in prediction'), rcnn: rcnnTest })
    .nullish()
    .describe('Post-processing'),
  init_cfg: wholeInit,
});
const fastOptions = z.strictObject({
  ...detectorParts,
  roi_head: roiHead,
  train_cfg: z.strictObject({ rcnn: rcnnTrain }).nullish().describe(trainText),
  test_cfg: z.strictObject({ rcnn: rcnnTest }).nullish().describe('Post-processing'),
  init_cfg: wholeInit,
});
type Given = z.output<typeof twoStageOptions> | z.output<typeof fastOptions>;
/** Without a first stage its parts of the configs are absent too. */
export type TwoStageDetectorConfig = Given & {
  rpn_head?: ModuleConfig;
  train_cfg?: { rpn?: unknown; rpn_proposal?: ProposalCfg; rcnn: unknown } | null;
  test_cfg?: { rpn?: ProposalCfg; rcnn: unknown } | null;
};

export class TwoStageDetector extends BaseDetector {
  private readonly rpn?: ProposalHead;
  readonly roiHead: RoIHead;
  private readonly proposalCfg: ProposalCfg | undefined;

  constructor(config: TwoStageDetectorConfig, context: BuildContext) {
    super(config, context);
    const { registry, path, numClasses } = context;
    const { train_cfg, test_cfg } = config;
    const at = (name: string) => ({ path: path ? `${path}.${name}` : name });
    const inputs = this.levels;
    if (config.rpn_head) {
      this.proposalCfg = train_cfg?.rpn_proposal ?? test_cfg?.rpn;
      // the first stage knows one class, object
      const selection = test_cfg?.rpn ?? train_cfg?.rpn_proposal;
      const rpn = { ...config.rpn_head, num_classes: 1, train_cfg: train_cfg?.rpn, test_cfg: selection };
      const place = at('rpn_head');
      const head = registry.build('dense_head', rpn, { ...place, inputs: this.firstStageLevels(inputs) });
      this.rpn = this.addChild('rpn_head', proposalHead(head, { ...place, type: rpn.type }));
    }
    const roi = { ...config.roi_head, train_cfg: train_cfg?.rcnn, test_cfg: test_cfg?.rcnn };
    this.roiHead = this.addChild(
      'roi_head',
      registry.build('roi_head', roi, { ...at('roi_head'), inputs, numClasses }),
    );
  }

  /** Those that proposals are made from. */
  firstStageLevels<T>(levels: readonly T[]): T[] {
    return [...levels];
  }

  get numClasses(): number {
    return this.roiHead.numClasses;
  }

  /** Absent where proposals come with the data. */
  get firstStage(): ProposalHead | undefined {
    return this.rpn;
  }

  /** @throws DetLabError where proposals come with the data. */
  get rpnHead(): ProposalHead {
    if (this.rpn) return this.rpn;
    throw new DetLabError('This detector has no rpn_head: its proposals come with the data');
  }

  /** loss_rpn_cls, loss_rpn_bbox, and those of the second stage: loss_cls, acc in percent, loss_bbox, loss_mask. */
  loss(batch: DetBatch, context: LossContext): Losses {
    const { features, auxiliary } = forwardNeck(this.neck, this.backbone.forward(batch.inputs));
    return this.lossesOf(features, batch, context, auxiliary).losses;
  }

  /** The losses of both stages from the levels of the neck, and the proposals of the first. */
  lossesOf(
    features: tf.Tensor4D[],
    batch: DetBatch,
    context: LossContext,
    auxiliary?: AuxiliaryLevels,
  ): { losses: Losses; proposals: Proposals[] } {
    const second = (proposals: Proposals[]) => this.roiHead.loss(features, proposals, batch, context, auxiliary);
    if (!this.rpn) {
      const proposals = givenProposals(batch);
      return { losses: withZeroGradients(second(proposals), features), proposals };
    }
    const { losses, proposals } = this.proposalLosses(features, batch, context);
    // a first stage without losses reads no features either
    if (Object.keys(losses).length === 0) return { losses: withZeroGradients(second(proposals), features), proposals };
    return { losses: { ...losses, ...second(proposals), ...this.moreLosses(features, batch) }, proposals };
  }

  /** The losses of the first stage, under names of their own, and its proposals. */
  proposalLosses(features: tf.Tensor4D[], batch: DetBatch, context: LossContext): ProposalLosses {
    const first = this.firstStageLevels(features);
    const { losses, proposals } = this.rpnHead.lossAndPredict(first, classAgnostic(batch), context, this.proposalCfg);
    return { losses: firstStageNames(losses), proposals };
  }

  /** Of heads beside the two stages. */
  protected moreLosses(_features: tf.Tensor4D[], _batch: DetBatch): Losses {
    return {};
  }

  /** Both stages once; the second sees the proposals of the samples, or without them those of the first. */
  protected forwardHeads(features: tf.Tensor4D[], batch: DetBatch): unknown {
    const rpn = hasProposals(batch) ? this.rpn?.forward(this.firstStageLevels(features)) : undefined;
    return { rpn, roi: this.roiHead.forward(features, this.propose(features, batch), batch) };
  }

  onEpoch(start: EpochStart): string[] {
    return [...(this.rpn?.onEpoch?.(start) ?? []), ...(this.roiHead.onEpoch?.(start) ?? [])];
  }

  predict(batch: DetBatch, options?: { rescale?: boolean }): Detections[] {
    return this.predictFrom(this.extractFeatures(batch.inputs), batch, options);
  }

  /** The same from the levels of the neck. */
  predictFrom(features: tf.Tensor4D[], batch: DetBatch, { rescale = true } = {}): Detections[] {
    return this.roiHead.predict(features, this.propose(features, batch), batch, { rescale });
  }

  /** Proposals of the first stage, or those that come with the data. */
  propose(features: tf.Tensor4D[], batch: DetBatch): Proposals[] {
    if (this.rpn && !hasProposals(batch))
      return this.rpn.predict(this.firstStageLevels(features), batch, { rescale: false });
    return givenProposals(batch);
  }
}

const hasProposals = ({ samples }: DetBatch): boolean => samples.every(({ proposals }) => proposals !== undefined);

/** The losses, through all levels: one that no RoI was pooled from gets a gradient of zero, and so its weight decay. */
function withZeroGradients(losses: Losses, features: tf.Tensor4D[]): Losses {
  const [[name, loss], ...rest] = Object.entries(losses);
  const touched = features.map((x) => tf.sum(tf.slice(x, 0, 1)));
  return { [name]: tf.add<tf.Scalar>(loss as tf.Scalar, tf.mul(tf.addN(touched), 0)), ...Object.fromEntries(rest) };
}

function givenProposals({ samples }: DetBatch): Proposals[] {
  return samples.map(({ proposals, meta }) => {
    if (proposals) return proposals;
    throw new DetLabError(
      `Cannot detect in "${meta.imgPath}": the detector has no rpn_head and the sample no proposals. Put ` +
        "{ type: 'LoadProposals' } into the pipeline and give the dataset a proposal_file",
    );
  });
}

const extractor = (bins: number) =>
  `{ type: 'SingleRoIExtractor', roi_layer: { type: 'RoIAlign', output_size: ${bins} } }`;
const standardHead = (more = '') => `{
    type: 'StandardRoIHead',
    bbox_roi_extractor: ${extractor(7)},
    bbox_head: { type: 'Shared2FCBBoxHead', num_classes: 80 },${more}
  }`;
const masks = `
    mask_roi_extractor: ${extractor(14)},
    mask_head: { type: 'FCNMaskHead', num_classes: 80 },`;
const cascadeHead = `{
    type: 'CascadeRoIHead',
    num_stages: 3,
    stage_loss_weights: [1, 0.5, 0.25],
    bbox_roi_extractor: ${extractor(7)},
    bbox_head: { type: 'Shared2FCBBoxHead', num_classes: 80, reg_class_agnostic: true },
  }`;
const proposing = `
  rpn_head: { type: 'RPNHead', anchor_generator: { type: 'AnchorGenerator', scales: [8], ratios: [0.5, 1, 2] } },`;
const example = (type: string, { rpn = proposing, head = standardHead(), mask = '' } = {}) => `{
  type: '${type}',
  backbone: { type: 'ResNet', depth: 50 },
  neck: { type: 'FPN', out_channels: 256, num_outs: 5 },${rpn}
  roi_head: ${head},
  test_cfg: {${rpn && "\n    rpn: { nms_pre: 1000, max_per_img: 1000, nms: { type: 'nms', iou_threshold: 0.7 } },"}
    rcnn: { score_thr: 0.05, nms: { type: 'nms', iou_threshold: 0.5 }, max_per_img: 100${mask} },
  },
}`;

const shared = {
  kind: 'detector' as const,
  shapes: 'images -> boxes [n, 4], scores [n] and labels [n] of each',
  options: twoStageOptions,
  forwards: { rpn_head: FIRST_STAGE },
  build: (given: z.output<typeof twoStageOptions>, context: BuildContext) => new TwoStageDetector(given, context),
};

export const twoStageDetectorDefinition = defineModule({
  ...shared,
  type: 'TwoStageDetector',
  summary: 'Two-stage detector: a first stage proposes regions, a second stage classifies them and refines their boxes',
  origin: 'MMDetection: the base of Faster R-CNN and its relatives',
  example: example('TwoStageDetector'),
});

export const fasterRCNNDefinition = defineModule({
  ...shared,
  type: 'FasterRCNN',
  summary: 'Faster R-CNN: a region proposal network, then classification and box refinement of its proposals',
  paper: 'Ren et al., Faster R-CNN, NeurIPS 2015',
  example: example('FasterRCNN'),
});

export const maskRCNNDefinition = defineModule({
  ...shared,
  type: 'MaskRCNN',
  summary: 'Mask R-CNN: Faster R-CNN with a branch that predicts a mask for every detection',
  paper: 'He et al., Mask R-CNN, ICCV 2017',
  shapes: 'images -> boxes [n, 4], scores [n], labels [n] and masks of each',
  example: example('MaskRCNN', { head: standardHead(masks), mask: ', mask_thr_binary: 0.5' }),
});

export const maskScoringRCNNDefinition = defineModule({
  ...shared,
  type: 'MaskScoringRCNN',
  summary: 'Mask Scoring R-CNN: Mask R-CNN whose scores take in how good the masks are',
  paper: 'Huang et al., Mask Scoring R-CNN, CVPR 2019',
  shapes: 'images -> boxes [n, 4], scores [n], labels [n] and masks of each',
  example: example('MaskScoringRCNN', {
    head: `${standardHead(`${masks}
    mask_iou_head: { type: 'MaskIoUHead', num_classes: 80 },`).replace('StandardRoIHead', 'MaskScoringRoIHead')}`,
    mask: ', mask_thr_binary: 0.5',
  }),
});

export const cascadeRCNNDefinition = defineModule({
  ...shared,
  type: 'CascadeRCNN',
  summary:
    'Cascade R-CNN: proposals refined by a sequence of heads trained at rising IoU thresholds; masks with a mask_head',
  paper: 'Cai and Vasconcelos, Cascade R-CNN, CVPR 2018',
  example: example('CascadeRCNN', { head: cascadeHead }),
});

const htcHead = `{
    type: 'HybridTaskCascadeRoIHead',
    num_stages: 2,
    stage_loss_weights: [1, 0.5],
    bbox_roi_extractor: ${extractor(7)},
    bbox_head: { type: 'Shared2FCBBoxHead', num_classes: 80, reg_class_agnostic: true },
    mask_roi_extractor: ${extractor(14)},
    mask_head: [
      { type: 'HTCMaskHead', with_conv_res: false, num_classes: 80 },
      { type: 'HTCMaskHead', num_classes: 80 },
    ],
    semantic_roi_extractor: ${extractor(14)},
    semantic_head: { type: 'FusedSemanticHead', num_ins: 5, fusion_level: 1, num_classes: 183 },
  }`;
const scnetHead = `{
    type: 'SCNetRoIHead',
    num_stages: 2,
    stage_loss_weights: [1, 0.5],
    bbox_roi_extractor: ${extractor(7)},
    bbox_head: { type: 'SCNetBBoxHead', num_shared_fcs: 2, num_classes: 80, reg_class_agnostic: true },
    mask_roi_extractor: ${extractor(14)},
    mask_head: { type: 'SCNetMaskHead', num_convs: 12, num_classes: 80 },
    semantic_roi_extractor: ${extractor(14)},
    semantic_head: { type: 'SCNetSemanticHead', num_ins: 5, fusion_level: 1, num_classes: 183 },
    glbctx_head: { type: 'GlobalContextHead', num_classes: 80 },
    feat_relay_head: { type: 'FeatureRelayHead' },
  }`;

export const hybridTaskCascadeDefinition = defineModule({
  ...shared,
  type: 'HybridTaskCascade',
  summary: 'Hybrid Task Cascade: a cascade of boxes and masks that read one another, with a semantic branch',
  paper: 'Chen et al., Hybrid Task Cascade for Instance Segmentation, CVPR 2019',
  shapes: 'images -> boxes [n, 4], scores [n], labels [n] and masks of each',
  example: example('HybridTaskCascade', { head: htcHead, mask: ', mask_thr_binary: 0.5' }),
});

const crowdHead = `{
    type: 'MultiInstanceRoIHead',
    bbox_roi_extractor: ${extractor(7)},
    bbox_head: { type: 'MultiInstanceBBoxHead' },
  }`;

export const crowdDetDefinition = defineModule({
  ...shared,
  type: 'CrowdDet',
  summary: 'CrowdDet: Faster R-CNN that predicts two objects of each proposal, for crowds',
  paper: 'Chu et al., Detection in Crowded Scenes: One Proposal, Multiple Predictions, CVPR 2020',
  example: example('CrowdDet', { head: crowdHead }),
});

export const scnetDefinition = defineModule({
  ...shared,
  type: 'SCNet',
  summary: 'SCNet: a cascade of boxes whose last RoIs give the masks, in training as in prediction',
  paper: 'Vu, Kang and Yoo, SCNet: Training Inference Sample Consistency for Instance Segmentation, AAAI 2021',
  shapes: 'images -> boxes [n, 4], scores [n], labels [n] and masks of each',
  example: example('SCNet', { head: scnetHead, mask: ', mask_thr_binary: 0.5' }),
});

export const gridRCNNDefinition = defineModule({
  ...shared,
  type: 'GridRCNN',
  summary: 'Grid R-CNN: Faster R-CNN whose boxes are found by grids of points',
  paper: 'Lu et al., Grid R-CNN, CVPR 2019',
  example: example('GridRCNN', {
    head: `{
    type: 'GridRoIHead',
    bbox_roi_extractor: ${extractor(7)},
    bbox_head: { type: 'Shared2FCBBoxHead', num_classes: 80, with_reg: false },
    grid_roi_extractor: ${extractor(14)},
    grid_head: { type: 'GridHead', grid_points: 9 },
  }`,
  }),
});

export const pointRendDefinition = defineModule({
  ...shared,
  type: 'PointRend',
  summary: 'PointRend: Mask R-CNN whose masks are refined at uncertain points',
  paper: 'Kirillov et al., PointRend: Image Segmentation as Rendering, CVPR 2020',
  shapes: 'images -> boxes [n, 4], scores [n], labels [n] and masks of each',
  example: example('PointRend', {
    head: `{
    type: 'PointRendRoIHead',
    bbox_roi_extractor: ${extractor(7)},
    bbox_head: { type: 'Shared2FCBBoxHead', num_classes: 80 },
    mask_roi_extractor: {
      type: 'GenericRoIExtractor',
      aggregation: 'concat',
      featmap_strides: [4],
      roi_layer: { type: 'SimpleRoIAlign', output_size: 14 },
    },
    mask_head: { type: 'CoarseMaskHead', num_classes: 80 },
    point_head: { type: 'MaskPointHead', num_classes: 80 },
  }`,
    mask: ', mask_thr_binary: 0.5, subdivision_steps: 5, subdivision_num_points: 784, scale_factor: 2',
  }),
});

export const fastRCNNDefinition = defineModule({
  kind: 'detector',
  type: 'FastRCNN',
  summary: 'Fast R-CNN: classification and box refinement of proposals that come with the data',
  paper: 'Girshick, Fast R-CNN, ICCV 2015',
  shapes: 'images and proposals -> boxes [n, 4], scores [n] and labels [n] of each',
  example: example('FastRCNN', { rpn: '' }),
  options: fastOptions,
  build: (given, context) => new TwoStageDetector(given, context),
});
