// mmpose.CocoMetric: COCO's average precision of keypoints, by their similarity in place of IoU, equal to pycocotools. The ground truth
// is the dataset's; objects are matched within their class, where MMPose takes all detections for category 1.

import { z } from 'zod';
import { defineModule } from '../catalogue/registry';
import type { Dataset, ImageRecord } from '../data/types';
import { DetLabError } from '../errors';
import type { ClassCurves } from './average-precision';
import { CocoBboxMetric } from './coco-bbox';
import { truthsOfRecord } from './image-truths';
import { KeypointOverlaps, type PoseTruths, softSuppressPoses, suppressPoses } from './keypoint-overlaps';
import { acceptedOptions, datasetTruth, NOTHING_TO_DO, resultsFileOptions, writesOrComputes } from './metric-options';
import type { BoxDetections, BoxMetric, EvaluationReport, MetricFactory, MetricValues } from './report';
import { writeInFolder } from './write-whole';

const options = z
  .strictObject({
    ann_file: datasetTruth,
    use_area: z
      .boolean()
      .default(true)
      .describe('The size of an object is its annotated area; false: 0.53 of its box, for files without areas'),
    iou_type: z.literal('keypoints').default('keypoints').describe('Only "keypoints"'),
    score_mode: z
      .enum(['bbox', 'bbox_keypoint', 'bbox_rle', 'keypoint'])
      .default('bbox_keypoint')
      .describe(
        'Score of a pose: that of its box; times the mean of its keypoints above keypoint_score_thr; plus mean and maximum of its keypoints; or their mean alone',
      ),
    keypoint_score_thr: z.number().default(0.2).describe('Score from which a keypoint counts in "bbox_keypoint"'),
    nms_mode: z
      .enum(['oks_nms', 'soft_oks_nms', 'none'])
      .default('oks_nms')
      .describe('Suppression of poses by their similarity'),
    nms_thr: z.number().default(0.9).describe('Similarity above which a pose is suppressed by a better one'),
    pred_converter: z.null().default(null).describe('Only null: keypoints are those of the dataset'),
    gt_converter: z.null().default(null).describe('Only null'),
    ...resultsFileOptions('PREFIX.keypoints.json'),
    prefix: z.string().min(1).nullable().default(null).describe('In the names of the log; null: coco'),
    ...acceptedOptions,
  })
  .refine(writesOrComputes, NOTHING_TO_DO);
type Options = z.output<typeof options>;

const MAX_POSES = 20;
/** MMPose's names in the log. */
const LOGGED: Readonly<Record<string, string>> = {
  AP: 'AP',
  AP50: 'AP .5',
  AP75: 'AP .75',
  APm: 'AP (M)',
  APl: 'AP (L)',
  AR: 'AR',
  AR50: 'AR .5',
  AR75: 'AR .75',
  ARm: 'AR (M)',
  ARl: 'AR (L)',
};

/** COCO's evaluation of boxes with the similarity of keypoints. */
class KeypointAp extends CocoBboxMetric {
  constructor(truths: readonly PoseTruths[], classes: readonly string[], sigmas: ArrayLike<number>) {
    super(truths, { classes, maxDets: [MAX_POSES] }, new KeypointOverlaps(sigmas));
  }

  /** COCOeval's ten metrics of keypoints: there are no small persons. */
  protected override summarise(curves: ClassCurves[]): MetricValues {
    const { AP, AP50, AP75, APm, APl, ARm, ARl, ...more } = super.summarise(curves);
    const AR = more[`AR@${MAX_POSES}`];
    return {
      AP,
      AP50,
      AP75,
      APm,
      APl,
      AR,
      AR50: this.recallAt(curves, 0.5),
      AR75: this.recallAt(curves, 0.75),
      ARm,
      ARl,
    };
  }
}

class PoseEvaluation implements BoxMetric {
  private readonly metric: KeypointAp;
  private readonly sigmas: readonly number[];
  private readonly entries: object[] = [];
  private readonly categories: number[];
  private images = 0;

  constructor(
    dataset: Dataset,
    private readonly options: Options,
  ) {
    const { skeleton, classes, categories, records } = dataset;
    if (!skeleton)
      throw new DetLabError(
        `Cannot evaluate the keypoints of "${dataset.name}": it has none. Use PoseCocoDataset or dataset.coco with keypoints: true, ` +
          'or CocoMetric for its boxes',
      );
    this.sigmas = skeleton.sigmas ?? refuseSigmas(dataset.name);
    const idOf = new Map(categories?.map(({ id, label }) => [label, id]));
    this.categories = classes.map((_, label) => idOf.get(label) ?? label + 1);
    const truths = records.map((record) => poseTruths(record, options.use_area));
    this.metric = new KeypointAp(truths, classes, this.sigmas);
  }

  /** @throws DetLabError for detections without keypoints */
  add(imageId: number, detections: BoxDetections): void {
    const poses = this.selected(imageId, detections);
    this.images++;
    if (this.options.outfile_prefix !== null) this.keep(imageId, poses);
    this.metric.add(imageId, poses);
  }

  /** With the scores of poses, those that are left by the suppression. */
  private selected(
    imageId: number,
    { bboxes, scores, labels, keypoints }: BoxDetections,
  ): BoxDetections & { keypoints: Float32Array } {
    const width = 3 * this.sigmas.length;
    if (keypoints?.length !== width * scores.length && scores.length > 0)
      throw new DetLabError(
        `Cannot evaluate image ${imageId}: expected ${this.sigmas.length} keypoints of each of ${scores.length} detections, received ` +
          `${keypoints ? keypoints.length / 3 : 'none'}. mmpose.CocoMetric is for detectors of keypoints, as YOLOX-Pose`,
      );
    const given = keypoints ?? new Float32Array(0);
    const rated = Float64Array.from(scores, (score, i) =>
      this.score(score, given.subarray(i * width, (i + 1) * width)),
    );
    const kept = this.suppressed({ keypoints: given, scores: rated });
    const columns = (values: ArrayLike<number>, n: number) =>
      Float32Array.from({ length: kept.length * n }, (_, k) => values[kept[Math.floor(k / n)] * n + (k % n)]);
    return {
      bboxes: columns(bboxes, 4),
      scores: kept.map((i) => rated[i]),
      labels: kept.map((i) => labels[i]),
      keypoints: columns(given, width),
    };
  }

  private suppressed(poses: { keypoints: Float32Array; scores: Float64Array }): number[] {
    const { nms_mode, nms_thr } = this.options;
    if (nms_mode === 'none') return [...poses.scores.keys()];
    return (nms_mode === 'oks_nms' ? suppressPoses : softSuppressPoses)(poses, nms_thr, this.sigmas);
  }

  private score(box: number, points: Float32Array): number {
    const { score_mode, keypoint_score_thr: threshold } = this.options;
    if (score_mode === 'bbox') return box;
    const scores = points.filter((_, i) => i % 3 === 2);
    const mean = (values: Float32Array) => values.reduce((sum, v) => sum + v, 0) / Math.max(1, values.length);
    if (score_mode === 'keypoint') return mean(scores);
    if (score_mode === 'bbox_rle') return box + mean(scores) + Math.max(...scores);
    return box * mean(scores.filter((v) => v > threshold));
  }

  private keep(
    imageId: number,
    { bboxes, scores, labels, keypoints }: BoxDetections & { keypoints: Float32Array },
  ): void {
    const width = 3 * this.sigmas.length;
    for (let i = 0; i < scores.length; i++) {
      const [x1, y1, x2, y2] = [0, 1, 2, 3].map((k) => bboxes[4 * i + k]);
      this.entries.push({
        image_id: imageId,
        category_id: this.categories[labels[i]],
        keypoints: [...keypoints.subarray(i * width, (i + 1) * width)],
        score: scores[i],
        bbox: [x1, y1, x2 - x1, y2 - y1],
      });
    }
  }

  compute(): EvaluationReport {
    const { format_only, prefix } = this.options;
    const report = { ...this.metric.compute(), metric: 'mmpose.CocoMetric' };
    if (format_only) return { ...report, images: this.images, metrics: {}, perClass: [], logged: {} };
    const logged = Object.entries(report.metrics).map(([name, value]) => [
      `${prefix ?? 'coco'}/${LOGGED[name]}`,
      value,
    ]);
    return { ...report, logged: Object.fromEntries(logged) };
  }

  async write(): Promise<string[]> {
    const { outfile_prefix: prefix } = this.options;
    return prefix === null ? [] : [await writeInFolder(`${prefix}.keypoints.json`, JSON.stringify(this.entries))];
  }
}

function refuseSigmas(name: string): never {
  throw new DetLabError(
    `Cannot evaluate the keypoints of "${name}": its metainfo has no sigmas, by which similarity is measured. Add sigmas to metainfo`,
  );
}

/** The objects of a record; those without a labelled keypoint are ignored, and only crowds among these match several detections. */
function poseTruths(record: ImageRecord, useArea: boolean): PoseTruths {
  const truths = truthsOfRecord(record);
  const { points = new Float32Array(0), flipIndices = [] } = record.keypoints ?? {};
  const width = 3 * flipIndices.length;
  const labelled = Array.from(truths.labels, (_, g) =>
    points.subarray(g * width, (g + 1) * width).some((v, k) => k % 3 === 2 && v > 0),
  );
  return {
    ...truths,
    keypoints: points,
    areas: useArea
      ? truths.areas
      : truths.areas.map((_, g) => truths.boxes[4 * g + 2] * truths.boxes[4 * g + 3] * 0.53),
    ignored: truths.ignored.map((flag, g) => (flag || !labelled[g] ? 1 : 0)),
    crowds: record.crowds ?? new Uint8Array(truths.labels.length),
  };
}

export const MMPoseCocoMetric = defineModule({
  kind: 'metric',
  type: 'mmpose.CocoMetric',
  summary: "COCO's average precision and recall of keypoints over similarities 0.50:0.95, equal to pycocotools",
  paper: 'Lin et al., Microsoft COCO: Common Objects in Context, ECCV 2014',
  shapes: 'detections with keypoints per image -> AP, AP50, AP75, APm, APl, AR, AR50, AR75, ARm, ARl',
  example: "{ type: 'mmpose.CocoMetric', score_mode: 'bbox' }",
  options,
  build:
    (given): MetricFactory =>
    async (dataset) =>
      new PoseEvaluation(dataset, given),
});
