// PanopticFPN: Mask R-CNN with a semantic branch on the same pyramid, whose results are fused to segments (Kirillov et al., CVPR 2019).
// Beside the segments there are the detections, which MMDetection leaves out.

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, type ModuleConfig, moduleOption } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { DetLabError } from '../../errors';
import type { Rle } from '../../masks';
import { inferPanopticClasses } from '../inferred-options/infer-panoptic-classes';
import { anyRcnnTestCfg } from '../roi-heads/roi-detections';
import { PanopticFPNHead } from '../seg-heads/panoptic-fpn-head';
import { HeuristicFusionHead, heuristicTestCfg } from '../seg-heads/panoptic-fusion-heads/heuristic-fusion-head';
import { firstStageTestCfg } from '../shared-options/proposal-cfg';
import type { DetBatch, Losses } from '../types';
import { FIRST_STAGE } from './rpn';
import { TwoStageDetector, twoStageOptions } from './two-stage-detector';

const options = z.strictObject({
  ...twoStageOptions.shape,
  semantic_head: moduleOption('semantic_head').describe('Predicts stuff from the feature levels: PanopticFPNHead'),
  panoptic_fusion_head: moduleOption('panoptic_fusion_head').describe('Makes segments of masks and stuff'),
  test_cfg: z
    .strictObject({
      rpn: firstStageTestCfg.describe('Selection of proposals in prediction'),
      rcnn: anyRcnnTestCfg.describe('Selection of detections'),
      panoptic: heuristicTestCfg.describe('Selection of segments'),
    })
    .nullish()
    .describe('Post-processing'),
});
type Config = z.output<typeof options>;

export class PanopticFPN extends TwoStageDetector {
  readonly semanticHead: PanopticFPNHead;
  readonly fusion: HeuristicFusionHead;

  constructor(config: Config, context: BuildContext) {
    super(config, { ...context, numClasses: thingsOf(config.semantic_head, context) });
    const { registry, path, numClasses } = context;
    const place = (name: string) => ({ path: path ? `${path}.${name}` : name, inputs: this.levels, numClasses });
    const cannot = `Cannot build PanopticFPN${path ? ` at ${path}` : ''}`;
    const semantic = registry.build('semantic_head', config.semantic_head, place('semantic_head'));
    if (!(semantic instanceof PanopticFPNHead))
      throw new DetLabError(
        `${cannot}: semantic_head must be a PanopticFPNHead, received "${config.semantic_head.type}"`,
      );
    const { numThings, numStuff } = semantic;
    const fusion = registry.build(
      'panoptic_fusion_head',
      {
        num_things_classes: numThings,
        num_stuff_classes: numStuff,
        ...config.panoptic_fusion_head,
        test_cfg: config.test_cfg?.panoptic,
      },
      place('panoptic_fusion_head'),
    );
    if (!(fusion instanceof HeuristicFusionHead))
      throw new DetLabError(
        `${cannot}: panoptic_fusion_head must be a HeuristicFusionHead, received "${config.panoptic_fusion_head.type}"`,
      );
    const things = [this.roiHead.numClasses, numThings, fusion.numThings];
    if (new Set(things).size > 1 || numStuff !== fusion.numStuff)
      throw new DetLabError(
        `${cannot}: roi_head has ${things[0]} classes; semantic_head has ${numThings} of things and ${numStuff} of stuff, ` +
          `panoptic_fusion_head ${fusion.numThings} and ${fusion.numStuff}. Make them equal`,
      );
    this.semanticHead = this.addChild('semantic_head', semantic);
    this.fusion = this.addChild('panoptic_fusion_head', fusion);
  }

  override get numClasses(): number {
    return this.semanticHead.numThings + this.semanticHead.numStuff;
  }

  /** Objects are of things. */
  protected override get truthClasses(): number {
    return this.semanticHead.numThings;
  }

  /** `loss_seg`. */
  protected override moreLosses(features: tf.Tensor4D[], batch: DetBatch): Losses {
    return this.semanticHead.loss(features, batch);
  }

  protected override forwardHeads(features: tf.Tensor4D[], batch: DetBatch): unknown {
    return { ...(super.forwardHeads(features, batch) as object), semantic: this.semanticHead.forward(features) };
  }

  /** Detections, and the segments of each image. */
  override predict(batch: DetBatch, { rescale = true } = {}): Detections[] {
    const features = this.extractFeatures(batch.inputs);
    const found = this.roiHead.predict(features, this.propose(features, batch), batch, { rescale });
    return this.semanticHead.predict(features, batch, { rescale }).map((semantic, n) => {
      const { masks } = found[n];
      if (!masks)
        throw new DetLabError(
          'Cannot fuse the results of PanopticFPN: its roi_head predicts no masks. Give it a mask_head',
        );
      return { ...found[n], panoptic: this.fusion.fuse(found[n] as Detections & { masks: Rle[] }, semantic) };
    });
  }
}

/** The classes of things, where they are known before the head is built. */
function thingsOf(head: ModuleConfig, context: BuildContext): number | undefined {
  const { num_things_classes: things, num_stuff_classes: stuff = 53 } = head as {
    num_things_classes?: number;
    num_stuff_classes?: number;
  };
  if (things === undefined && context.numClasses === undefined) return undefined;
  const place = { ...context, path: context.path ? `${context.path}.semantic_head` : 'semantic_head' };
  return inferPanopticClasses('PanopticFPN', { num_things_classes: things, num_stuff_classes: stuff }, place)
    .num_things_classes;
}

export const panopticFPNDefinition = defineModule({
  kind: 'detector',
  type: 'PanopticFPN',
  summary: 'Panoptic FPN: Mask R-CNN with a semantic branch, fused to segments of things and stuff',
  paper: 'Kirillov et al., Panoptic Feature Pyramid Networks, CVPR 2019',
  shapes: 'images -> segments, boxes [n, 4], scores [n], labels [n] and masks of each',
  example: `{
  type: 'PanopticFPN',
  backbone: { type: 'ResNet', depth: 50 },
  neck: { type: 'FPN', out_channels: 256, num_outs: 5 },
  rpn_head: { type: 'RPNHead', anchor_generator: { type: 'AnchorGenerator', scales: [8], ratios: [0.5, 1, 2] } },
  roi_head: {
    type: 'StandardRoIHead',
    bbox_roi_extractor: { type: 'SingleRoIExtractor', roi_layer: { type: 'RoIAlign', output_size: 7 } },
    bbox_head: { type: 'Shared2FCBBoxHead', num_classes: 80 },
    mask_roi_extractor: { type: 'SingleRoIExtractor', roi_layer: { type: 'RoIAlign', output_size: 14 } },
    mask_head: { type: 'FCNMaskHead', num_classes: 80 },
  },
  semantic_head: { type: 'PanopticFPNHead', num_things_classes: 80, num_stuff_classes: 53 },
  panoptic_fusion_head: { type: 'HeuristicFusionHead' },
  test_cfg: {
    rpn: { nms_pre: 1000, max_per_img: 1000, nms: { type: 'nms', iou_threshold: 0.7 } },
    rcnn: { score_thr: 0.6, nms: { type: 'nms', iou_threshold: 0.5, class_agnostic: true }, max_per_img: 100, mask_thr_binary: 0.5 },
    panoptic: { mask_overlap: 0.5, stuff_area_limit: 4096 },
  },
}`,
  options,
  forwards: { rpn_head: FIRST_STAGE, panoptic_fusion_head: { test_cfg: 'test_cfg.panoptic' } },
  build: (given, context) => new PanopticFPN(given, context),
});
