// SemSegMetric: semantic segmentation by the areas of each class, over all images, with MMDetection's options. Maps are those of a detector
// that says the class of every pixel, or of one that divides images into segments. The reference's `aAcc` is kept in the log: the mean
// of the accuracies of classes; the report has the accuracy of all pixels too, `pixelAcc`. Areas are counted exactly, where the reference
// adds float32, and with one class alone only its pixels, where the reference counts those of all labels.

import path from 'node:path';
import { z } from 'zod';
import { defineModule } from '../catalogue/registry';
import type { Dataset, ImageRecord } from '../data/types';
import { DetLabError } from '../errors';
import { type SemanticMap, semanticOfIds, semanticOfSegments } from '../masks';
import { labelMapPng, readLabelMap } from '../masks/label-map';
import { readPanopticPng } from '../masks/panoptic-png';
import { acceptedOptions, backendOptions } from './metric-options';
import type { BoxDetections, BoxMetric, EvaluationReport, MetricFactory, MetricValues } from './report';
import { addAreas, type ClassAreas, noAreas, SEMANTIC_METRICS, type SemanticKind, valuesOf } from './semantic-areas';
import { writeInFolder } from './write-whole';

const kind = z.enum(SEMANTIC_METRICS);
const options = z
  .strictObject({
    iou_metrics: z
      .union([kind, z.array(kind).min(1)])
      .default(['mIoU'])
      .describe('mIoU: IoU and accuracy; mDice: Dice and accuracy; mFscore: F score, precision and recall'),
    beta: z.number().positive().default(1).describe('Weight of recall in the F score'),
    ignore_index: z.int().min(0).default(255).describe('Pixels of the truth with this value do not count'),
    reduce_zero_label: z
      .boolean()
      .default(false)
      .describe('In the truth the value 0 is ignored and the others are one less, as LoadAnnotations reads them'),
    output_dir: z.string().min(1).nullable().default(null).describe('Folder for the predicted maps, NAME.png'),
    format_only: z.boolean().default(false).describe('Only write the maps; needs output_dir'),
    prefix: z.string().min(1).nullable().default(null).describe('In the names of the log; null: none'),
    ...backendOptions,
    ...acceptedOptions,
  })
  .refine((o) => !o.format_only || o.output_dir !== null, {
    message: 'format_only writes the maps and computes nothing: it needs output_dir',
  });
type Options = z.output<typeof options>;

export const SemSegMetric = defineModule({
  kind: 'metric',
  type: 'SemSegMetric',
  summary: 'IoU, Dice and F score of the class of every pixel, averaged over classes',
  origin: 'MMDetection',
  shapes: 'a map of classes per image -> mIoU, mAcc, mDice, mFscore, mPrecision, mRecall',
  example: "{ type: 'SemSegMetric', iou_metrics: ['mIoU', 'mFscore'] }",
  options,
  build:
    (given): MetricFactory =>
    async (dataset) =>
      new SemanticEvaluation(dataset, given),
});

class SemanticEvaluation implements BoxMetric {
  private readonly records: ReadonlyMap<number, ImageRecord>;
  private readonly areas: ClassAreas;
  private readonly maps: { file: string; map: SemanticMap }[] = [];
  private images = 0;

  constructor(
    private readonly dataset: Dataset,
    private readonly options: Options,
  ) {
    this.records = new Map(dataset.records.map((record) => [record.id, record]));
    this.areas = noAreas(dataset.classes.length);
  }

  add(imageId: number, detections: BoxDetections): void {
    const record = this.records.get(imageId);
    if (!record) return;
    const { output_dir, format_only, ignore_index } = this.options;
    const found = predictedMap(record, detections, this.dataset.classes.length);
    this.images++;
    const name = path.basename(record.path, path.extname(record.path));
    if (output_dir !== null) this.maps.push({ file: path.join(output_dir, `${name}.png`), map: found });
    if (format_only) return;
    const truth = this.truthOf(record);
    if (truth.width !== found.width || truth.height !== found.height)
      throw new DetLabError(
        `Cannot evaluate the classes of the pixels of "${record.path}": its map has ${truth.width} x ${truth.height}, the ` +
          `predicted one ${found.width} x ${found.height} pixels`,
      );
    addAreas(this.areas, truth, found, ignore_index);
  }

  private truthOf(record: ImageRecord): SemanticMap {
    const { ignore_index, reduce_zero_label } = this.options;
    if (record.semanticFile !== undefined) {
      const map = readLabelMap(record.semanticFile);
      if (!reduce_zero_label) return map;
      const reduced = (value: number) => (value === 0 || value === ignore_index ? ignore_index : value - 1);
      return { ...map, data: map.data.map(reduced) };
    }
    if (record.panoptic) return semanticOfIds(readPanopticPng(record.panoptic.file), record.panoptic);
    throw new DetLabError(
      `Cannot evaluate the classes of the pixels of "${record.path}": "${this.dataset.name}" has no semantic maps. Set ` +
        'data_prefix.seg to their folder, or load CocoPanopticDataset',
    );
  }

  compute(): EvaluationReport {
    const { dataset, areas, images } = this;
    const { iou_metrics, beta, prefix, format_only } = this.options;
    const report = { metric: 'SemSegMetric', problems: dataset.problems, images, truths: 0, detections: 0 };
    if (format_only) return { ...report, metrics: {}, logged: {}, perClass: [] };
    const columns = valuesOf(areas, [iou_metrics].flat() as SemanticKind[], beta);
    const means = Object.fromEntries(
      Object.entries(columns).map(([name, values]) => [name === 'aAcc' ? name : `m${name}`, meanOf(values)]),
    );
    const total = (values: Float64Array) => values.reduce((a, b) => a + b, 0);
    const pixelAcc = total(areas.truth) > 0 ? total(areas.both) / total(areas.truth) : -1;
    const perClass = dataset.classes.map((name, label) => ({
      class: name,
      truths: areas.truth[label], // pixels
      metrics: Object.fromEntries(
        Object.entries(columns)
          .filter(([column]) => column !== 'aAcc')
          .map(([column, values]): [string, number] => [column, Number.isNaN(values[label]) ? -1 : values[label]]),
      ),
    }));
    return { ...report, metrics: { ...means, pixelAcc }, perClass, logged: inPercent(means, prefix) };
  }

  async write(): Promise<string[]> {
    const files: string[] = [];
    for (const { file, map } of this.maps) {
      // the reference's files have 8 bits
      const narrow = map.data.every((label) => label <= 255) ? Uint8Array.from(map.data) : map.data;
      files.push(await writeInFolder(file, labelMapPng({ ...map, data: narrow })));
    }
    return files;
  }
}

/** @throws DetLabError for a detector that does not say the class of pixels */
function predictedMap(record: ImageRecord, { semantic, panoptic }: BoxDetections, none: number): SemanticMap {
  if (semantic) return semantic;
  if (panoptic) return semanticOfSegments(panoptic, record, none);
  throw new DetLabError(
    `Cannot evaluate the classes of the pixels of image ${record.id}: the detector predicts none. Use one such as Mask2Former ` +
      'with panoptic_on or PanopticFPN, or CocoMetric for its detections',
  );
}

/** Of the classes that have a value; -1 where none has. */
function meanOf(values: Float64Array): number {
  const known = values.filter((value) => !Number.isNaN(value));
  return known.length > 0 ? known.reduce((a, b) => a + b, 0) / known.length : -1;
}

/** With two digits, as MMDetection logs them. */
const inPercent = (values: MetricValues, prefix: string | null): MetricValues =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      prefix === null ? name : `${prefix}/${name}`,
      value < 0 ? value : Math.round(1e4 * value) / 100,
    ]),
  );
