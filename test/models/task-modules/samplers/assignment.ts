// Assignments that the tests of samplers sample from.

import type { ModuleConfig } from '../../../../src/catalogue/registry';
import type {
  AssignResult,
  Instances,
  SampleInput,
  Sampler,
  SamplingResult,
} from '../../../../src/models/task-modules';
import { Random } from '../../../../src/random';
import { golden } from '../../../golden-data';
import { buildAssigner, empty, input, registry } from '../scene';

const { tensors } = golden('assigners');
const floats = (name: string) => tensors.get(name)!.data as Float32Array;

/** 60 priors and 6 ground-truth boxes of assigners.safetensors. */
export const priors = floats('priors');
export const truths: Instances = {
  bboxes: floats('gts'),
  labels: Int32Array.from(tensors.get('labels')!.data),
  ignored: empty,
};
export const noTruths: Instances = { bboxes: empty, labels: new Int32Array(0), ignored: empty };

/** As Faster R-CNN's RPN assigns them. */
export const assigned = (instances = truths): AssignResult =>
  buildAssigner({ type: 'MaxIoUAssigner', pos_iou_thr: 0.7, neg_iou_thr: 0.3, min_pos_iou: 0.3 }).assign(
    input({ priors, instances }),
  );

export const buildSampler = (config: ModuleConfig): Sampler => registry.build('sampler', config, { path: 'sampler' });

/** Samples of the priors above. */
export const sample = (config: ModuleConfig, given: Partial<SampleInput> = {}): SamplingResult =>
  buildSampler(config).sample({ assigned: assigned(), priors, instances: truths, random: Random.seeded(3), ...given });

/** Made-up priors without boxes: ground truth of each (0: background) and its overlap. */
export const given = (rows: [number, number][]): AssignResult => ({
  numTruths: 3,
  assigned: Int32Array.from(rows, ([truth]) => truth),
  maxOverlaps: Float32Array.from(rows, ([, overlap]) => overlap),
  labels: Int32Array.from(rows, ([truth]) => truth - 1),
});
export const three: Instances = { bboxes: new Float32Array(12), labels: Int32Array.of(0, 1, 2), ignored: empty };

/** Samples of made-up priors. */
export const run = (options: ModuleConfig, of: AssignResult, more: Partial<SampleInput> = {}): SamplingResult =>
  buildSampler({ add_gt_as_proposals: false, ...options }).sample({
    assigned: of,
    priors: new Float32Array(4 * of.assigned.length),
    instances: three,
    random: Random.seeded(1),
    ...more,
  });

export const count = (list: ArrayLike<number>, holds: (i: number) => boolean): number =>
  Array.from(list).filter(holds).length;
