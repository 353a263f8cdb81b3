// DOTAMetric: VOC's mean average precision of rotated boxes, and the files of DOTA's server, which join the patches of large images
// (Xia et al., CVPR 2018; MMRotate). A file of patches is written beside the mAP, not in its place; scale_ranges, which fail in
// MMRotate, work as in VOCMetric.

import path from 'node:path';
import { z } from 'zod';
import { defineModule } from '../catalogue/registry';
import { recordCorners } from '../data/columns/record-corners';
import type { Dataset, ImageRecord } from '../data/types';
import { DetLabError } from '../errors';
import { takeRows } from '../geometry/boxes';
import { cornersAsRotated, ROTATED, rotatedCorners, shiftRotated } from '../geometry/rotated-boxes';
import { suppressRotated } from '../geometry/suppress-rotated';
import { truthsOfRecord } from './image-truths';
import { acceptedOptions, NOTHING_TO_DO, writesOrComputes } from './metric-options';
import type { BoxDetections, BoxMetric, EvaluationReport, MetricFactory } from './report';
import { storedZip } from './stored-zip';
import { VocBboxMetric } from './voc-bbox';
import { writeInFolder } from './write-whole';

const name = z.literal('mAP');

export const DOTAMetric = defineModule({
  kind: 'metric',
  type: 'DOTAMetric',
  summary: "Mean average precision of rotated boxes at IoU 0.5, and the files of DOTA's server",
  paper: 'Xia et al., DOTA: A Large-scale Dataset for Object Detection in Aerial Images, CVPR 2018 (MMRotate)',
  shapes: 'rotated detections per image -> mAP, AP50',
  example: "{ type: 'DOTAMetric', metric: 'mAP' }",
  options: z
    .strictObject({
      iou_thrs: z
        .union([z.number(), z.array(z.number()).min(1)])
        .default(0.5)
        .describe('IoU thresholds'),
      scale_ranges: z
        .array(z.tuple([z.number().nonnegative(), z.number().positive()]))
        .min(1)
        .nullable()
        .default(null)
        .describe(
          'AP of boxes by size as well: [[0, 32], [32, 96]] are areas below 32^2, then below 96^2 square pixels',
        ),
      metric: z
        .union([name, z.tuple([name])])
        .default('mAP')
        .describe('Only mAP'),
      predict_box_type: z.literal('rbox').default('rbox').describe('Only rbox: detections are rotated boxes'),
      format_only: z
        .boolean()
        .default(false)
        .describe('Only write the detections, for a server that evaluates them; needs outfile_prefix'),
      outfile_prefix: z
        .string()
        .min(1)
        .nullable()
        .default(null)
        .describe('Write the detections as PREFIX.bbox.json; with merge_patches as files in the folder PREFIX'),
      merge_patches: z
        .boolean()
        .default(false)
        .describe(
          "Join the patches (name__width__x___y) of each image and write DOTA's Task1_CLASS.txt and a zip of them",
        ),
      iou_thr: z.number().min(0).max(1).default(0.1).describe('IoU of the suppression among joined patches'),
      eval_mode: z
        .enum(['11points', 'area'])
        .default('11points')
        .describe('Mean precision at 11 recalls (VOC2007), or area under the precision-recall curve (VOC2012)'),
      ...acceptedOptions,
      prefix: z.string().min(1).nullable().default(null).describe('In the names of the log; null: dota'),
    })
    .refine(writesOrComputes, NOTHING_TO_DO)
    .refine(({ merge_patches, outfile_prefix }) => !merge_patches || outfile_prefix !== null, {
      message: "merge_patches writes files: it needs outfile_prefix, such as 'work_dirs/submission'",
    }),
  build:
    (options): MetricFactory =>
    async (dataset) =>
      new DOTAEvaluation(dataset, options),
});

type Options = z.output<(typeof DOTAMetric)['options']>;

/** Place of a patch in its image, in its name: `P0006__1024__0___824`. */
const PATCH = /__(\d+)___(\d+)/;

interface Found {
  /** Name of the file without its ending. */
  image: string;
  rboxes: Float32Array;
  scores: ArrayLike<number>;
  labels: ArrayLike<number>;
}

class DOTAEvaluation implements BoxMetric {
  private readonly metric: VocBboxMetric;
  private readonly names: ReadonlyMap<number, string>;
  private readonly found: Found[] = [];

  constructor(
    private readonly dataset: Dataset,
    private readonly options: Options,
  ) {
    const { eval_mode: mode, scale_ranges, iou_thrs } = options;
    this.names = new Map(dataset.records.map(({ id, path: file }) => [id, path.parse(file).name]));
    this.metric = new VocBboxMetric(dataset.records.map(rotatedTruths), {
      classes: dataset.classes,
      iouThresholds: [iou_thrs].flat(),
      mode,
      scaleRanges: scale_ranges ?? undefined,
      rotated: true,
    });
  }

  add(imageId: number, detections: BoxDetections): void {
    this.metric.add(imageId, detections);
    const { rboxes = new Float32Array(0), scores, labels } = detections;
    if (this.options.outfile_prefix) this.found.push({ image: this.names.get(imageId)!, rboxes, scores, labels });
  }

  compute(): EvaluationReport {
    const report = { ...this.metric.compute(), metric: 'DOTAMetric' };
    if (this.options.format_only) return { ...report, metrics: {}, perClass: [], logged: {} };
    const prefix = this.options.prefix ?? 'dota';
    const logged = Object.fromEntries(
      Object.entries(report.metrics).map(([key, value]) => [`${prefix}/${key}`, value]),
    );
    return { ...report, logged };
  }

  /** @throws DetLabError for an image that is no patch */
  async write(): Promise<string[]> {
    const { outfile_prefix: prefix, merge_patches } = this.options;
    if (!prefix) return [];
    if (!merge_patches) return [await writeInFolder(`${prefix}.bbox.json`, JSON.stringify(this.entries()))];
    const files = this.dataset.classes.map((title, label): [string, string] => [
      `Task1_${title}.txt`,
      this.joined(label).join(''),
    ]);
    const texts = await Promise.all(files.map(([file, text]) => writeInFolder(path.join(prefix, file), text)));
    return [...texts, await writeInFolder(path.join(prefix, `${path.basename(prefix)}.zip`), storedZip(files))];
  }

  private entries(): unknown[] {
    return this.found.flatMap(({ image, rboxes, scores, labels }) =>
      Array.from(scores, (score, i) => ({
        image_id: image,
        bbox: [...rboxes.subarray(ROTATED * i, ROTATED * (i + 1))],
        score,
        category_id: labels[i],
      })),
    );
  }

  /** The lines of a class: image, score, corners. */
  private joined(label: number): string[] {
    const byImage = new Map<string, { boxes: number[]; scores: number[] }>();
    for (const { image, rboxes, scores, labels } of this.found) {
      const place = PATCH.exec(image);
      if (!place)
        throw new DetLabError(
          `Cannot join the patches of "${image}": expected a name such as P0006__1024__0___824, which says where it is in its image. ` +
            'Set merge_patches: false',
        );
      const [whole] = image.split('__');
      let all = byImage.get(whole);
      if (!all) byImage.set(whole, (all = { boxes: [], scores: [] }));
      const moved = shiftRotated(rboxes, Number(place[1]), Number(place[2]));
      for (let i = 0; i < scores.length; i++)
        if (labels[i] === label) {
          all.boxes.push(...moved.subarray(ROTATED * i, ROTATED * (i + 1)));
          all.scores.push(scores[i]);
        }
    }
    return [...byImage].flatMap(([image, { boxes, scores }]) => {
      const all = Float32Array.from(boxes);
      const order = Int32Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a] || a - b);
      const kept = suppressRotated(all, order, this.options.iou_thr);
      const corners = rotatedCorners(takeRows(all, kept, ROTATED));
      return Array.from(kept, (k, i) => {
        const numbers = Array.from(corners.subarray(8 * i, 8 * i + 8), (v) => v.toFixed(2));
        return `${[image, String(Math.round(scores[k] * 100) / 100), ...numbers].join(' ')}\n`;
      });
    });
  }
}

const rotatedTruths = (record: ImageRecord) => ({
  ...truthsOfRecord(record),
  rboxes: cornersAsRotated(recordCorners(record)),
});
