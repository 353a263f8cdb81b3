// WIDERFaceMetric: AP of WIDER FACE's easy, medium and hard faces, equal to the Python port of its evaluation: precision and recall
// at 1,000 thresholds of scores that are normalised over the data set. Where all scores are equal, which divides by 0 there, they
// are all of the highest.

import path from 'node:path';
import { z } from 'zod';
import { defineModule } from '../catalogue/registry';
import type { DataProblem, Dataset } from '../data/types';
import { DetLabError } from '../errors';
import { acceptedOptions } from './metric-options';
import type { BoxDetections, BoxMetric, EvaluationReport, MetricFactory, MetricValues } from './report';
import { sortByScore } from './score-order';
import { type FaceImage, readFaceLists, SETTINGS, type Setting } from './wider-face-lists';
import { faceOverlaps, settingPoints, widerAveragePrecision } from './wider-face-points';

export const WIDERFaceMetric = defineModule({
  kind: 'metric',
  type: 'WIDERFaceMetric',
  summary: "AP of WIDER FACE's easy, medium and hard faces, as its own evaluation computes it",
  paper: 'Yang et al., WIDER FACE: A Face Detection Benchmark, CVPR 2016',
  shapes: 'detections per image -> easy, medium, hard',
  example: "{ type: 'WIDERFaceMetric', gt_dir: 'data/WIDERFace/ground_truth' }",
  options: z.strictObject({
    gt_dir: z
      .string()
      .min(1)
      .describe('Folder of wider_face_val.mat, wider_easy_val.mat, wider_medium_val.mat and wider_hard_val.mat'),
    iou_thr: z.number().min(0).max(1).default(0.5).describe('IoU from which a face is found'),
    ...acceptedOptions,
    prefix: z.string().min(1).nullable().default(null).describe('In the names of the log; null: wider_face'),
  }),
  build:
    (options): MetricFactory =>
    async (dataset) =>
      new WiderFaceEvaluation(dataset, await readFaceLists(options.gt_dir), options),
});

type WiderFaceOptions = z.output<(typeof WIDERFaceMetric)['options']>;

/** Detections of an image in descending order of scores. */
interface FoundFaces {
  image: FaceImage;
  scores: Float64Array;
  /** [n * 4] x, y, width, height. */
  boxes: Float64Array;
}

export class WiderFaceEvaluation implements BoxMetric {
  /** By image id. */
  private readonly images = new Map<number, FaceImage>();
  private readonly found: FoundFaces[] = [];
  private readonly problems: DataProblem[] = [];
  private detections = 0;

  constructor(
    dataset: Dataset,
    lists: readonly FaceImage[],
    private readonly options: WiderFaceOptions,
  ) {
    const byName = new Map(lists.map((image) => [image.name, image]));
    for (const { id, path: file } of dataset.records) {
      const image = byName.get(path.parse(file).name);
      if (!image)
        throw new DetLabError(
          `Cannot evaluate "${file}": the lists of "${options.gt_dir}" have ${lists.length} images, and none of this name. ` +
            'They are those of the validation images; use VOCMetric for others',
        );
      this.images.set(id, image);
    }
    const missing = lists.length - new Set(this.images.values()).size;
    if (missing > 0)
      this.problems.push({
        kind: 'missing-image',
        file: options.gt_dir,
        message: `${missing} of the ${lists.length} images of "${options.gt_dir}" are not in the data: their faces are not counted`,
        lost: 'nothing',
      });
  }

  add(imageId: number, { bboxes, scores }: BoxDetections): void {
    const image = this.images.get(imageId);
    if (!image) throw new DetLabError(`Cannot evaluate image ${imageId}: the ground truth has no such image`);
    const known = Float64Array.from(scores);
    const order = Int32Array.from(known.keys()).filter((i) => !Number.isNaN(known[i]));
    sortByScore(order, order.length, known);
    const boxes = new Float64Array(4 * order.length);
    for (const [k, i] of order.entries()) {
      const [x1, y1, x2, y2] = [0, 1, 2, 3].map((c) => bboxes[4 * i + c]);
      boxes.set([x1, y1, x2 - x1, y2 - y1], 4 * k);
    }
    this.found.push({ image, scores: Float64Array.from(order, (i) => known[i]), boxes });
    this.detections += scores.length;
  }

  compute(): EvaluationReport {
    const { found, options, detections } = this;
    const normal = normaliser(found.map(({ scores }) => scores));
    const totals = Object.fromEntries(SETTINGS.map((setting) => [setting, settingPoints()]));
    for (const { image, scores, boxes } of found) {
      if (scores.length === 0 || image.boxes.length === 0) continue;
      const nearest = faceOverlaps(boxes, image.boxes, options.iou_thr);
      for (const setting of SETTINGS) totals[setting].add(scores.map(normal), nearest, image.counted[setting]);
    }
    const metrics: MetricValues = {};
    for (const setting of SETTINGS)
      metrics[setting] = widerAveragePrecision(totals[setting].points, this.faces(setting));
    const prefix = options.prefix ?? 'wider_face';
    return {
      metric: 'WIDERFaceMetric',
      metrics,
      perClass: [{ class: 'face', truths: this.faces('hard'), metrics }],
      images: found.length,
      truths: this.faces('hard'),
      detections,
      problems: this.problems,
      logged: Object.fromEntries(Object.entries(metrics).map(([key, value]) => [`${prefix}/${key}`, value])),
    };
  }

  /** Faces of a setting, also of images without detections. */
  private faces(setting: Setting): number {
    let count = 0;
    for (const { counted } of new Set(this.images.values())) for (const flag of counted[setting]) count += flag;
    return count;
  }
}

/** Scores from the lowest to the highest of the data set, as 0 to 1. The lowest is at most 1, and the highest at least 0. */
function normaliser(lists: readonly Float64Array[]): (score: number) => number {
  let [lowest, highest] = [1, 0];
  for (const scores of lists)
    if (scores.length > 0) {
      highest = Math.max(highest, scores[0]);
      lowest = Math.min(lowest, scores[scores.length - 1]);
    }
  const range = highest - lowest;
  return (score) => (range === 0 ? 1 : (score - lowest) / range);
}
