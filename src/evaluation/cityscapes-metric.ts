// CityScapesMetric: Cityscapes' evaluation of instance masks with MMDetection's options, against the files of instance ids.

import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { defineModule } from '../catalogue/registry';
import type { Dataset, ImageRecord } from '../data/types';
import { DetLabError } from '../errors';
import { decodeRle } from '../masks';
import { CITYSCAPES_CLASSES, CITYSCAPES_LABELS } from '../masks/cityscapes-labels';
import { labelMapPng, readLabelMap } from '../masks/label-map';
import { CITYSCAPES_THRESHOLDS, cityscapesAp, isCounted } from './cityscapes-ap';
import { cityscapesLabelIds, instanceFiles } from './cityscapes-files';
import { type CityscapesDetection, type CityscapesMatches, cityscapesMatches } from './cityscapes-matches';
import { acceptedOptions, backendOptions } from './metric-options';
import type { BoxDetections, BoxMetric, ClassReport, EvaluationReport, MetricFactory } from './report';

const RESULTS = 'results';

export const CityScapesMetric = defineModule({
  kind: 'metric',
  type: 'CityScapesMetric',
  summary: "Cityscapes' average precision of instance masks, equal to cityscapesScripts",
  paper: 'Cordts et al., The Cityscapes Dataset for Semantic Urban Scene Understanding, CVPR 2016',
  shapes: 'detections with masks per image -> AP, AP50',
  example:
    "{ type: 'CityScapesMetric', seg_prefix: 'data/cityscapes/gtFine/val', outfile_prefix: 'work_dirs/cityscapes_metric/instance' }",
  options: z.strictObject({
    outfile_prefix: z
      .string()
      .nullable()
      .default(null)
      .describe(
        'Folder in whose results/ the detections are written, as the test server reads them; null: not written',
      ),
    seg_prefix: z
      .string()
      .nullable()
      .default(null)
      .describe(
        'Folder of the ..._gtFine_instanceIds.png files, by city or all in one; null: gtFine beside the images in leftImg8bit',
      ),
    format_only: z.boolean().default(false).describe('Only writes the detections, for the test server: no metrics'),
    dump_matches: z
      .boolean()
      .default(false)
      .describe('Writes matches.json to outfile_prefix: what each detection and each instance have in common'),
    keep_results: z
      .boolean()
      .default(true)
      .describe('Of releases before 3.0: false removes the written detections when the metrics are computed'),
    ...acceptedOptions,
    prefix: z.string().nullable().default(null).describe('What its names in the log begin with; null: cityscapes'),
    ...backendOptions,
  }),
  build: ({ outfile_prefix: folder, ...options }): MetricFactory => {
    const writing = (['format_only', 'dump_matches'] as const).find((name) => options[name]);
    if (writing && folder === null)
      throw new DetLabError(
        `Cannot use ${writing} of CityScapesMetric: expected outfile_prefix, the folder to write to, received none`,
      );
    if (options.format_only && !options.keep_results)
      throw new DetLabError(
        'Cannot use format_only of CityScapesMetric with keep_results: false: nothing would be left. Leave one out',
      );
    return async (dataset) =>
      new CityscapesInstances(dataset, {
        folder,
        segPrefix: options.seg_prefix,
        formatOnly: options.format_only,
        dumpMatches: options.dump_matches,
        keepResults: options.keep_results,
        prefix: options.prefix ?? 'cityscapes',
      });
  },
});

interface CityscapesOptions {
  folder: string | null;
  segPrefix: string | null;
  formatOnly: boolean;
  dumpMatches: boolean;
  keepResults: boolean;
  prefix: string;
}

class CityscapesInstances implements BoxMetric {
  private readonly records: ReadonlyMap<number, ImageRecord>;
  /** Ids of Cityscapes' labels by label of the dataset. */
  private readonly labelIds: readonly number[];
  /** The maps of instance ids by image. */
  private readonly files: ReadonlyMap<number, string>;
  private readonly matches = new Map<string, CityscapesMatches>();
  private readonly results: string | undefined;
  private images = 0;
  private detections = 0;

  constructor(
    private readonly dataset: Dataset,
    private readonly options: CityscapesOptions,
  ) {
    this.records = new Map(dataset.records.map((record) => [record.id, record]));
    this.labelIds = cityscapesLabelIds(dataset.classes);
    this.files = options.formatOnly ? new Map() : instanceFiles(dataset, options.segPrefix);
    if (options.folder === null) return;
    this.results = path.resolve(options.folder, RESULTS);
    removeResults(this.results);
    mkdirSync(this.results, { recursive: true });
  }

  add(imageId: number, { labels, scores, masks }: BoxDetections): void {
    const record = this.records.get(imageId);
    if (!record) return;
    if (labels.length > 0 && masks?.length !== labels.length)
      throw new DetLabError(
        `Cannot evaluate the masks of image ${imageId}: expected one per box (${labels.length}), received ` +
          `${masks?.length ?? 'none'}. Use a detector with a mask_head, or CocoMetric with metric: 'bbox'`,
      );
    const found = Array.from(
      labels,
      (label, i): CityscapesDetection => ({
        labelID: this.labelIds[label],
        confidence: scores[i],
        mask: masks![i],
      }),
    );
    this.images++;
    this.detections += found.length;
    if (this.results) writeResults(this.results, record, found);
    if (this.options.formatOnly) return;
    const file = this.files.get(imageId)!;
    this.matches.set(file, cityscapesMatches(readLabelMap(file), found, file));
  }

  compute(): EvaluationReport {
    const { dataset, options, results, images, detections } = this;
    const report = { metric: 'CityScapesMetric', problems: dataset.problems, images, detections };
    if (options.formatOnly) return { ...report, metrics: {}, logged: {}, perClass: [], truths: 0 };
    if (options.dumpMatches)
      writeFileSync(
        path.resolve(options.folder!, 'matches.json'),
        JSON.stringify(
          Object.fromEntries([...this.matches].map(([file, matches]) => [file, matchesJson(matches)])),
          null,
          4,
        ),
      );
    if (results && !options.keepResults) removeResults(results);
    const all = [...this.matches.values()];
    const values = CITYSCAPES_CLASSES.map((name) => CITYSCAPES_THRESHOLDS.map((iou) => cityscapesAp(all, name, iou)));
    const perClass = CITYSCAPES_CLASSES.map(
      (name, c): ClassReport => ({
        class: name,
        truths: all.reduce((sum, { groundTruth }) => sum + groundTruth.get(name)!.filter(isCounted).length, 0),
        metrics: averages([values[c]]),
      }),
    );
    const truths = perClass.reduce((sum, row) => sum + row.truths, 0);
    const { AP, AP50 } = averages(values);
    const logged = { [`${options.prefix}/mAP`]: AP, [`${options.prefix}/AP@50`]: AP50 };
    return { ...report, metrics: { AP, AP50 }, logged, perClass, truths };
  }
}

/** Averages over what has instances; -1 where nothing has. */
function averages(values: readonly (readonly number[])[]): { AP: number; AP50: number } {
  const mean = (numbers: readonly number[]): number => {
    const defined = numbers.filter((value) => !Number.isNaN(value));
    return defined.length === 0 ? -1 : defined.reduce((sum, value) => sum + value, 0) / defined.length;
  };
  return { AP: mean(values.flat()), AP50: mean(values.map((ofClass) => ofClass[0])) };
}

/** A line per detection, and its mask: `<image>_pred.txt`, `<image>_<i>_<class>.png`. */
function writeResults(folder: string, { path: image }: ImageRecord, detections: readonly CityscapesDetection[]): void {
  const base = path.basename(image, path.extname(image));
  const lines = detections.map(({ labelID, confidence, mask }, i) => {
    const file = `${base}_${i}_${CITYSCAPES_LABELS[labelID].name.replaceAll(' ', '_')}.png`;
    writeFileSync(path.join(folder, file), labelMapPng({ ...mask, data: decodeRle(mask) }));
    return `${file} ${labelID} ${confidence}\n`;
  });
  writeFileSync(path.join(folder, `${base}_pred.txt`), lines.join(''));
}

const LABEL_NAMES = CITYSCAPES_LABELS.map(({ name }) => name.replaceAll(' ', '_')).join('|');
const WRITTEN = new RegExp(`^.+(_pred\\.txt|_\\d+_(${LABEL_NAMES})\\.png)$`);

/** What an evaluation before wrote; other files are left alone. */
function removeResults(folder: string): void {
  if (!existsSync(folder)) return;
  for (const file of readdirSync(folder)) if (WRITTEN.test(file)) rmSync(path.join(folder, file));
}

/** As cityscapesScripts writes them, without the distances that no file here has. */
function matchesJson({ groundTruth, prediction }: CityscapesMatches): unknown {
  const flat = (one: CityscapesMatches['prediction'] extends Map<string, (infer P)[]> ? P : never) => {
    const { index: predID, matchedGt: _, ...rest } = one;
    return { predID, ...rest };
  };
  const truths = [...groundTruth].map(([name, instances]) => [
    name,
    instances.map((instance) => ({
      ...instance,
      matchedPred: prediction
        .get(name)!
        .flatMap((one) =>
          one.matchedGt
            .filter((match) => match.instance === instance)
            .map(({ intersection }) => ({ ...flat(one), intersection })),
        ),
    })),
  ]);
  const predictions = [...prediction].map(([name, list]) => [
    name,
    list.map((one) => ({
      ...flat(one),
      matchedGt: one.matchedGt.map(({ instance, intersection }) => ({ ...instance, intersection })),
    })),
  ]);
  return { groundTruth: Object.fromEntries(truths), prediction: Object.fromEntries(predictions) };
}
