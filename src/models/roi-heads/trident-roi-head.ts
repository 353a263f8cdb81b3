// TridentRoIHead: the second stage of TridentNet (Li et al., ICCV 2019). In training, and in prediction by all branches
// (`test_branch_idx` -1), the batch comes once for every branch, one after the other; detections of an image are merged by NMS. The
// reference merges those of neighbours, which are of one image only in batches of one.

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { takeBoxes } from '../../geometry/boxes';
import { batchedNms, type NmsConfig } from '../../ops';
import { joinArrays } from '../join-arrays';
import type { DetBatch, Proposals } from '../types';
import type { RCNNTestCfg } from './roi-detections';
import type { RoIHeadParts } from './roi-head-parts';
import { StandardRoIHead, standardOptions } from './standard-roi-head';

const noMasks = z
  .null({ error: 'TridentRoIHead has no masks: leave it out or null' })
  .optional()
  .describe('Must be null');
const options = z.strictObject({
  ...standardOptions,
  mask_roi_extractor: noMasks,
  mask_head: noMasks,
  num_branch: z.number().int().positive().describe('Branches of the backbone'),
  test_branch_idx: z.number().int().min(-1).describe('The branch that predicts; -1: all'),
});
type Options = z.output<typeof options>;

export class TridentRoIHead extends StandardRoIHead<Options> {
  get numBranches(): number {
    return this.config.num_branch;
  }

  get testBranch(): number {
    return this.config.test_branch_idx;
  }

  override get parts(): RoIHeadParts {
    return { ...super.parts, ...(this.testBranch === -1 && { branches: this.numBranches }) };
  }

  override predict(features: tf.Tensor4D[], proposals: Proposals[], batch: DetBatch, options = {}): Detections[] {
    const found = super.predict(features, proposals, batch, options);
    if (this.testBranch !== -1) return found;
    const images = found.length / this.numBranches;
    return Array.from({ length: images }, (_, i) =>
      merged(
        found.filter((_of, k) => k % images === i),
        this.testCfg(),
      ),
    );
  }
}

function merged(branches: readonly Detections[], { nms, max_per_img }: RCNNTestCfg): Detections {
  const bboxes = joinArrays(branches.map((of) => of.bboxes));
  const labels = Int32Array.from(branches.flatMap((of) => [...of.labels]));
  const kept = batchedNms(bboxes, joinArrays(branches.map((of) => of.scores)), labels, nms as NmsConfig);
  const take = max_per_img > 0 ? Math.min(max_per_img, kept.keep.length) : kept.keep.length;
  const first = Array.from({ length: take }, (_, k) => k);
  return {
    bboxes: takeBoxes(kept.bboxes, first),
    scores: kept.scores.slice(0, take),
    labels: Int32Array.from(first, (k) => labels[kept.keep[k]]),
  };
}

export const tridentRoIHeadDefinition = defineModule({
  kind: 'roi_head',
  type: 'TridentRoIHead',
  summary: 'Second stage of TridentNet: one head for all branches, whose detections are merged',
  paper: 'Li et al., Scale-Aware Trident Networks for Object Detection, ICCV 2019',
  shapes: 'feature levels [N, H, W, C] and proposals -> detections of each image',
  example: `{
  type: 'TridentRoIHead',
  num_branch: 3,
  test_branch_idx: 1,
  bbox_roi_extractor: { type: 'SingleRoIExtractor', roi_layer: { type: 'RoIAlign', output_size: 7 } },
  bbox_head: { type: 'Shared2FCBBoxHead' },
}`,
  options,
  build: (given, context) => new TridentRoIHead(given, context),
});
