// GARPNHead: the first stage with guided anchors (Wang et al., Region Proposal by Guided Anchoring, CVPR 2019).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import type { Detections, ImageMeta } from '../../data/types';
import { inferHeadChannels } from '../inferred-options/infer-head-channels';
import { requireCfg } from '../require-cfg';
import { type ProposalCfg, proposalCfg } from '../shared-options/proposal-cfg';
import type { DetBatch, LossContext, Losses } from '../types';
import { averagedTargets, type BatchTargets, sampledTargets } from './batch-targets';
import type { Candidates } from './decode-detections';
import type { CandidateTensors, Selection } from './dense-head';
import type { DenseOutputs } from './dense-outputs';
import { GuidedAnchorHead, type GuidedAnchorHeadConfig } from './guided-anchor-head';
import { guidedAnchorOptions, guidedInit } from './guided-anchor-options';
import type { GuidedMaps } from './guided-anchors';
import { initOptionOf, testCfgText } from './head-options';
import type { ImageTargets } from './image-targets';
import { selectProposals } from './select-proposals';

const options = z.strictObject({
  ...guidedAnchorOptions,
  num_classes: z.literal(1).default(1).describe('Always 1: object or background'),
  init_cfg: initOptionOf(guidedInit('conv_loc')),
  test_cfg: proposalCfg.nullish().describe(testCfgText),
});
export type GARPNHeadConfig = GuidedAnchorHeadConfig & { test_cfg?: ProposalCfg | null };

export class GARPNHead extends GuidedAnchorHead<GARPNHeadConfig> {
  constructor(config: GARPNHeadConfig, context: BuildContext) {
    super(config, context, 'rpn_conv');
  }

  protected override mergeTargets(images: ImageTargets[], total: number): BatchTargets {
    return averagedTargets(sampledTargets(images, this.targetOptions(total)));
  }

  /** `loss_rpn_cls`, `loss_rpn_bbox`, `loss_anchor_shape` and `loss_anchor_loc`. */
  protected override trainingLosses(outputs: DenseOutputs<GuidedMaps>, batch: DetBatch, context: LossContext): Losses {
    const { loss_cls, loss_bbox, loss_shape, loss_loc } = super.trainingLosses(outputs, batch, context);
    return {
      loss_rpn_cls: loss_cls,
      loss_rpn_bbox: loss_bbox,
      loss_anchor_shape: loss_shape,
      loss_anchor_loc: loss_loc,
    };
  }

  protected override get testCfg(): ProposalCfg {
    return requireCfg(this.config.test_cfg, 'GARPNHead', 'test_cfg');
  }

  /** Logits, since proposals are selected by rank. */
  protected override candidates(outputs: DenseOutputs<GuidedMaps>): CandidateTensors {
    const logits = outputs.flat('scores');
    // of two columns, the lead over the background
    const [object, background] = tf.split(logits, logits.shape[2], 2);
    const scores = background ? tf.sub(object, background) : object;
    return { ...this.candidateBoxes(outputs), scores: this.located(outputs, scores, Number.NEGATIVE_INFINITY) };
  }

  override get selection(): Selection {
    return { ...super.selection, rule: 'located proposals' };
  }

  protected override suppress(candidates: Candidates, meta: ImageMeta, cfg: ProposalCfg, rescale: boolean): Detections {
    return selectProposals(candidates, meta, cfg, rescale);
  }
}

export const gaRPNHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'GARPNHead',
  summary: 'Region proposal network whose anchors are placed and sized by prediction',
  paper: 'Wang et al., Region Proposal by Guided Anchoring, CVPR 2019',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4] and scores [n]',
  example: "{ type: 'GARPNHead', feat_channels: 256 }",
  options,
  inferred: { in_channels: "the neck's channels" },
  infer: (given, context) => ({ ...given, in_channels: inferHeadChannels('GARPNHead', given.in_channels, context) }),
  build: (given, context) => new GARPNHead(given as GARPNHeadConfig, context),
});
