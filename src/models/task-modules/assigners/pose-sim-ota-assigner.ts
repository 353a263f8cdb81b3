// PoseSimOTAAssigner: SimOTA in which a prior also costs by its keypoints (Maji et al., YOLO-Pose, CVPRW 2022; MMYOLO). The score that
// a positive is trained towards is the root of its keypoint similarity instead of its IoU.

import { z } from 'zod';
import { defineModule, moduleOption } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import { keypointSimilarities } from '../../../geometry/keypoints';
import { buildIouCalculator } from '../iou-calculators/iou-calculator-option';
import type { AssignInput, IouCalculator } from '../types';
import { predictionsOf } from './predictions-of';
import { limitedLog, SimOTAAssigner, type SimOTAOptions, simOTAOptions } from './sim-ota-assigner';

const options = z.strictObject({
  ...simOTAOptions,
  oks_weight: z.number().default(0).describe('Weight of the cost of keypoints that are elsewhere'),
  vis_weight: z.number().default(0).describe('Weight of the cost of visibility, a binary cross entropy'),
  oks_calculator: moduleOption('loss')
    .default({ type: 'OksLoss' })
    .describe('OksLoss, whose metainfo says how exactly each keypoint is annotated'),
});
type Options = SimOTAOptions & Pick<z.output<typeof options>, 'oks_weight' | 'vis_weight'>;

const contract = {
  needs: { priors: 'points', predictions: ['scores', 'boxes', 'keypoints'] },
  gives: ['maxOverlaps'],
} as const;
const EPSILON = 1e-7;

/** What the assigner takes from the loss of keypoints. */
export interface OksCalculator {
  /** Of each keypoint; absent where the loss has no metainfo. */
  currentSigmas(): Float32Array | undefined;
}

export class PoseSimOTAAssigner extends SimOTAAssigner {
  override readonly needs = contract.needs;

  constructor(
    private readonly poseOptions: Options,
    iou: IouCalculator,
    /** A part of the head, which saves its sigmas. */
    readonly oks: OksCalculator,
  ) {
    super(poseOptions, iou);
  }

  protected override compare(input: AssignInput, candidates: readonly number[]) {
    const { instances } = input;
    const { oks_weight, vis_weight } = this.poseOptions;
    const { keypoints, count } = predictionsOf('PoseSimOTAAssigner', input, contract.needs.predictions);
    if (!instances.keypoints)
      throw new DetLabError(
        'Cannot assign with PoseSimOTAAssigner: the ground truth has no keypoints. Set with_keypoints: true in LoadAnnotations',
      );
    const width = keypoints.length / count;
    const expected = 3 * instances.keypoints.flipIndices.length;
    if (width !== expected)
      throw new DetLabError(
        `Cannot assign with PoseSimOTAAssigner: the head predicts ${width / 3} keypoints, the ground truth has ${expected / 3}. ` +
          "Set num_keypoints of the head module to the dataset's",
      );
    const predicted = new Float32Array(candidates.length * width);
    for (const [k, i] of candidates.entries()) predicted.set(keypoints.subarray(i * width, (i + 1) * width), k * width);
    const truths = instances.keypoints.points;
    const sigmas = this.oks.currentSigmas();
    const similarities = keypointSimilarities({ predicted, stride: 3, truths, bboxes: instances.bboxes, sigmas });
    const hidden = vis_weight > 0 ? visibilityCosts(predicted, truths, width / 3) : undefined;
    return {
      costs: similarities.map(
        (oks, at) =>
          (oks_weight > 0 ? -Math.log(oks + EPSILON) * oks_weight : 0) + (hidden ? hidden[at] * vis_weight : 0),
      ),
      qualities: similarities.map(Math.sqrt),
    };
  }
}

/** Binary cross entropy of the logits of visibility, over the keypoints [candidates, K]. */
function visibilityCosts(predicted: Float32Array, truths: Float32Array, count: number): Float32Array {
  const [rows, objects] = [predicted.length / (3 * count), truths.length / (3 * count)];
  const out = new Float32Array(rows * objects);
  for (let p = 0; p < rows; p++)
    for (let k = 0; k < count; k++) {
      const probability = Math.fround(1 / (1 + Math.exp(-predicted[3 * (p * count + k) + 2])));
      const [seen, hidden] = [-limitedLog(probability), -limitedLog(Math.fround(1 - probability))];
      for (let g = 0; g < objects; g++) {
        const visible = truths[3 * (g * count + k) + 2];
        out[p * objects + g] += visible * seen + (1 - visible) * hidden;
      }
    }
  return out;
}

export const poseSimOTAAssignerDefinition = defineModule({
  kind: 'assigner',
  type: 'PoseSimOTAAssigner',
  summary: 'SimOTA with the similarity of keypoints in its cost, and as the quality of its positives',
  paper: 'Maji et al., YOLO-Pose: Enhancing YOLO for Multi Person Pose Estimation Using OKS Loss, CVPRW 2022',
  shapes:
    'points [T, 4], scores [T, C], boxes [T, 4], keypoints [T, 3 k], ground truth [K, 4] and [K, 3 k] -> for each of the T: index of its ground truth, or background',
  example: "{ type: 'PoseSimOTAAssigner', center_radius: 2.5, oks_weight: 3 }",
  options,
  contract,
  build: ({ iou_calculator, oks_calculator, ...given }, context) => {
    const { registry, path } = context;
    const oks = registry.build('loss', oks_calculator, { path: `${path}.oks_calculator` });
    if (!('currentSigmas' in oks))
      throw new DetLabError(
        `Cannot use ${oks_calculator.type} as ${path}.oks_calculator: expected OksLoss, which says how similar keypoints are`,
      );
    return new PoseSimOTAAssigner(
      given,
      buildIouCalculator(iou_calculator, context),
      oks as typeof oks & OksCalculator,
    );
  },
});
