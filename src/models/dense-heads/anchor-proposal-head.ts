// What the first stages with anchors share: few anchors are sampled, which alone the losses read; proposals are selected by logit.

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import type { Detections, ImageMeta } from '../../data/types';
import { requireCfg } from '../require-cfg';
import { type ProposalCfg, proposalCfg } from '../shared-options/proposal-cfg';
import { AnchorHead, type AnchorHeadConfig, type AnchorMaps } from './anchor-head';
import { anchorHeadOptions } from './anchor-head-options';
import { averagedTargets, type BatchTargets, sampledTargets } from './batch-targets';
import type { Candidates } from './decode-detections';
import type { CandidateTensors, Selection } from './dense-head';
import type { DenseOutputs } from './dense-outputs';
import { testCfgText } from './head-options';
import type { ImageTargets } from './image-targets';
import { selectProposals } from './select-proposals';

export const anchorProposalOptions = {
  ...anchorHeadOptions,
  num_classes: z.literal(1).default(1).describe('Always 1: object or background'),
  test_cfg: proposalCfg.nullish().describe(testCfgText),
};
export type AnchorProposalConfig = AnchorHeadConfig & { in_channels: number; test_cfg?: ProposalCfg | null };

const TEST_EXAMPLE = "{ nms_pre: 1000, max_per_img: 1000, nms: { type: 'nms', iou_threshold: 0.7 } }";

export abstract class AnchorProposalHead<C extends AnchorProposalConfig> extends AnchorHead<C> {
  protected override mergeTargets(images: ImageTargets[], total: number): BatchTargets {
    return averagedTargets(sampledTargets(images, this.targetOptions(total)));
  }

  protected override get testCfg(): NonNullable<C['test_cfg']> {
    return requireCfg(this.config.test_cfg, this.name, 'test_cfg', TEST_EXAMPLE) as NonNullable<C['test_cfg']>;
  }

  /** Logits, since proposals are selected by rank. */
  protected override candidates(outputs: DenseOutputs<AnchorMaps>): CandidateTensors {
    return { scores: outputs.flat('scores') as tf.Tensor, ...this.candidateBoxes(outputs) };
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
