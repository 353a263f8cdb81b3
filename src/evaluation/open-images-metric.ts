// OpenImagesMetric: AP at IoU 0.5 with groups, a hierarchy of classes, and classes that were not verified left out, as MMDetection
// has it. Where MMDetection fails or mixes up indices (use_group_of: false; scale_ranges with groups), this does what they say.

import { z } from 'zod';
import { defineModule } from '../catalogue/registry';
import type { Dataset, ImageRecord } from '../data/types';
import { DetLabError } from '../errors';
import { ancestorsOf } from './class-hierarchy';
import { areaFloat32 } from './float32-overlaps';
import { acceptedOptions } from './metric-options';
import { matchOpenImages, type ScoredOutcome } from './open-images-matching';
import type { BoxDetections, BoxMetric, ClassReport, EvaluationReport, MetricFactory, MetricValues } from './report';
import { vocAveragePrecision } from './voc-bbox';
import type { AreaRange } from './voc-matching';

const thresholds = z.union([z.number(), z.array(z.number()).min(1)]);

export const OpenImagesMetric = defineModule({
  kind: 'metric',
  type: 'OpenImagesMetric',
  summary:
    'AP of OpenImages: groups of objects, a hierarchy of classes, and only classes that were verified in the image',
  paper: 'Kuznetsova et al., The Open Images Dataset V4, IJCV 2020',
  shapes: 'detections per image -> mAP, AP50',
  example: "{ type: 'OpenImagesMetric', iou_thrs: 0.5, ioa_thrs: 0.5 }",
  options: z
    .strictObject({
      iou_thrs: thresholds.default(0.5).describe('IoU thresholds'),
      ioa_thrs: thresholds
        .nullable()
        .default(0.5)
        .describe('Shares of a detection inside of a group from which it belongs to it, one for each of iou_thrs'),
      scale_ranges: z
        .array(z.tuple([z.number().nonnegative(), z.number().positive()]))
        .min(1)
        .nullable()
        .default(null)
        .describe(
          'AP of boxes by size as well: [[0, 32], [32, 96]] are areas below 32^2, then below 96^2 square pixels',
        ),
      use_group_of: z.boolean().default(true).describe('All detections in a box around a group are one'),
      get_supercategory: z
        .boolean()
        .default(true)
        .describe('Objects and detections are of the classes above theirs too, by the hierarchy of the data'),
      filter_labels: z
        .boolean()
        .default(true)
        .describe('Leave out detections of classes above a detected one that are not verified in the image'),
      ...acceptedOptions,
      prefix: z.string().min(1).nullable().default(null).describe('In the names of the log; null: openimages'),
    })
    .refine((o) => !o.use_group_of || o.ioa_thrs !== null, {
      message: 'use_group_of needs ioa_thrs, such as 0.5; or set use_group_of: false',
    })
    .refine((o) => o.ioa_thrs === null || [o.ioa_thrs].flat().length === [o.iou_thrs].flat().length, {
      message: 'expected as many ioa_thrs as iou_thrs',
    }),
  build:
    (options): MetricFactory =>
    async (dataset) =>
      new OpenImagesEvaluation(dataset, options),
});

type OpenImagesOptions = z.output<(typeof OpenImagesMetric)['options']>;

/** One row per object or detection. */
interface Labelled {
  index: number;
  label: number;
}

class OpenImagesEvaluation implements BoxMetric {
  private readonly records: ReadonlyMap<number, ImageRecord>;
  private readonly ancestors: readonly (readonly number[])[];
  private readonly labelOf: ReadonlyMap<number, number>;
  private readonly iouThresholds: number[];
  private readonly ranges: (AreaRange | undefined)[];
  /** [classes][thresholds * ranges] */
  private readonly outcomes: ScoredOutcome[][][];
  /** [classes, ranges] */
  private readonly objects: number[][];
  private readonly counts = { images: 0, detections: 0 };

  constructor(
    private readonly dataset: Dataset,
    private readonly options: OpenImagesOptions,
  ) {
    this.records = new Map(dataset.records.map((record) => [record.id, record]));
    this.ancestors = ancestorsOf(dataset);
    this.labelOf = new Map(dataset.categories?.map(({ id, label }) => [id, label]));
    this.iouThresholds = [options.iou_thrs].flat();
    this.ranges = options.scale_ranges?.map(([low, high]) => [low ** 2, high ** 2] as const) ?? [undefined];
    const columns = this.iouThresholds.length * this.ranges.length;
    this.outcomes = dataset.classes.map(() => Array.from({ length: columns }, () => []));
    this.objects = dataset.classes.map(() => this.ranges.map(() => 0));
  }

  add(imageId: number, detections: BoxDetections): void {
    const record = this.records.get(imageId);
    if (!record) throw new DetLabError(`Cannot evaluate image ${imageId}: the ground truth has no such image`);
    const { bboxes: corners } = record.truths;
    const objects = this.objectsOf(record);
    const found = this.detectionsOf(detections, record, objects);
    const { bboxes, scores } = detections;
    for (let label = 0; label < this.dataset.classes.length; label++) {
      const own = objects.filter((row) => row.label === label).map(({ index }) => index);
      for (const [r, range] of this.ranges.entries())
        this.objects[label][r] += own.filter((g) => isWithin(areaFloat32(corners, g), range)).length;
      const ofClass = found.filter((row) => row.label === label).map(({ index }) => index);
      if (ofClass.length + own.length === 0) continue;
      const isGroup = (g: number) => this.options.use_group_of && record.groups?.[g] === 1;
      const [single, groups] = [own.filter((g) => !isGroup(g)), own.filter(isGroup)];
      const match = { corners, single, groups, bboxes, detections: ofClass, scores };
      this.rules().forEach((rule, k) => {
        this.outcomes[label][k].push(...matchOpenImages(match, rule));
      });
    }
    this.counts.images++;
    this.counts.detections += scores.length;
  }

  private rules() {
    const { ioa_thrs, use_group_of: groups } = this.options;
    const shares = ioa_thrs === null ? [] : [ioa_thrs].flat();
    return this.iouThresholds.flatMap((iouThreshold, t) =>
      this.ranges.map((range) => ({ iouThreshold, ioaThreshold: groups ? shares[t] : undefined, range })),
    );
  }

  /** The objects, and after them once more each under the classes above its own. */
  private objectsOf({ truths: { labels, ignored } }: ImageRecord): Labelled[] {
    const rows = Array.from(labels, (label, index) => ({ label, index })).filter(({ index }) => !ignored[index]);
    if (!this.options.get_supercategory) return rows;
    return [
      ...rows,
      ...rows.flatMap(({ label, index }) => this.ancestors[label].map((above) => ({ label: above, index }))),
    ];
  }

  /** The detections under the classes above theirs that are verified; those of classes above that are not are left out. */
  private detectionsOf({ labels, scores }: BoxDetections, { fields }: ImageRecord, objects: Labelled[]): Labelled[] {
    const { get_supercategory: withAncestors, filter_labels: filters } = this.options;
    const verified = new Set([...objects.map(({ label }) => label), ...this.verifiedLabels(fields)]);
    const given = Array.from(scores, (_, index) => ({ label: labels[index], index })).filter(
      ({ index }) => !Number.isNaN(scores[index]),
    );
    let rows = [...given];
    const classes = [...new Set(given.map(({ label }) => label))].sort((a, b) => a - b);
    for (const detected of classes)
      for (const above of this.ancestors[detected] ?? []) {
        if (verified.has(above) && withAncestors)
          rows.push(...given.filter(({ label }) => label === detected).map(({ index }) => ({ label: above, index })));
        else if (!verified.has(above) && filters) rows = rows.filter(({ label }) => label !== above);
      }
    return rows;
  }

  /** OpenImages' image-level labels: category ids, or names. */
  private verifiedLabels(fields: ImageRecord['fields']): number[] {
    const given = fields?.image_level_labels;
    if (!Array.isArray(given)) return [];
    return given.map((one) =>
      typeof one === 'string' ? this.dataset.classes.indexOf(one) : (this.labelOf.get(one) ?? -1),
    );
  }

  compute(): EvaluationReport {
    const aps = this.outcomes.map((columns, label) =>
      columns.map((column, k) => averagePrecision(column, this.objects[label][k % this.ranges.length])),
    );
    const names = this.names();
    const means = names.map((_, k) => {
      const values = aps.filter((_, label) => this.objects[label][k % this.ranges.length] > 0).map((of) => of[k]);
      return values.length === 0 ? 0 : mean(values);
    });
    const named = (values: readonly number[]): MetricValues => ({
      mAP: mean(values),
      ...Object.fromEntries(names.map((name, k) => [name, values[k]])),
    });
    const counts = this.objects.map((of) => Math.max(...of));
    const metrics = named(means);
    const prefix = this.options.prefix ?? 'openimages';
    return {
      metric: 'OpenImagesMetric',
      metrics,
      perClass: this.dataset.classes.map(
        (name, c): ClassReport => ({ class: name, truths: counts[c], metrics: named(aps[c]) }),
      ),
      ...this.counts,
      truths: counts.reduce((a, b) => a + b, 0),
      problems: [],
      logged: Object.fromEntries(Object.entries(metrics).map(([name, value]) => [`${prefix}/${name}`, value])),
    };
  }

  private names(): string[] {
    return this.iouThresholds.flatMap((threshold) => {
      const name = `AP${String(Math.trunc(threshold * 100)).padStart(2, '0')}`;
      return this.options.scale_ranges?.map(([low, high]) => `${name}_${low}-${high}`) ?? [name];
    });
  }
}

const mean = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;

const isWithin = (area: number, range: AreaRange | undefined): boolean =>
  range === undefined || (area >= range[0] && area < range[1]);

function averagePrecision(column: readonly ScoredOutcome[], objects: number): number {
  const counted = column.map((row, k) => ({ ...row, k })).filter(({ outcome }) => outcome !== 0);
  counted.sort((a, b) => b.score - a.score || a.k - b.k);
  return vocAveragePrecision(
    counted.map(({ outcome }) => (outcome === 1 ? 1 : 0)),
    objects,
    'area',
  );
}
