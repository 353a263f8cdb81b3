// CrowdHumanMetric: AP, log-average miss rate and Jaccard index of persons, equal to MMDetection's. Its modes for heads and its
// VOC matching, which fail in MMDetection itself, are refused.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { anyValue, ignoredOption } from '../catalogue/ignored-option';
import { defineModule } from '../catalogue/registry';
import type { Dataset, ImageRecord } from '../data/types';
import { DetLabError } from '../errors';
import { type CrowdedImage, clipped, jaccardIndex, matchCaltech } from './crowd-human-matching';
import { truthsOfRecord } from './image-truths';
import { acceptedOptions, backendOptions, NOTHING_TO_DO, resultsFileOptions, writesOrComputes } from './metric-options';
import type { BoxDetections, BoxMetric, EvaluationReport, MetricFactory, MetricValues } from './report';
import { sortByScore } from './score-order';
import { writeInFolder } from './write-whole';

const kind = z.enum(['AP', 'MR', 'JI']);

/** False positives per image at which the miss rate is read. */
const REFERENCES = {
  'CALTECH_-2': [0.01, 0.0178, 0.0316, 0.0562, 0.1, 0.1778, 0.3162, 0.5623, 1],
  'CALTECH_-4': [0.0001, 0.0003, 0.001, 0.0032, 0.01, 0.0316, 0.1, 0.3162, 1],
};

export const CrowdHumanMetric = defineModule({
  kind: 'metric',
  type: 'CrowdHumanMetric',
  summary: 'AP, log-average miss rate and Jaccard index of persons in crowds, regardless of class',
  paper: 'Shao et al., CrowdHuman: A Benchmark for Detecting Human in a Crowd, arXiv 2018',
  shapes: 'detections per image -> mAP, mMR (less is better), JI',
  example: "{ type: 'CrowdHumanMetric', metric: ['AP', 'MR', 'JI'] }",
  options: z
    .strictObject({
      ann_file: z
        .string()
        .nullable()
        .default(null)
        .describe("CrowdHuman's .odgt file with the ground truth, by file name; null: the dataset's ground truth"),
      metric: z
        .union([kind, z.array(kind).min(1)])
        .default(['AP', 'MR', 'JI'])
        .describe('AP: average precision; MR: miss rate, logged as mMR; JI: Jaccard index'),
      ...resultsFileOptions('PREFIX.json'),
      ...backendOptions,
      ...acceptedOptions,
      prefix: z.string().min(1).nullable().default(null).describe('In the names of the log; null: crowd_human'),
      eval_mode: z.literal(0).default(0).describe('Only 0, bodies: detections have no boxes of heads'),
      iou_thres: z.number().min(0).max(1).default(0.5).describe('IoU above which a person is found'),
      compare_matching_method: z.null().default(null).describe("Only null: Caltech's matching"),
      mr_ref: z
        .enum(['CALTECH_-2', 'CALTECH_-4'])
        .default('CALTECH_-2')
        .describe('False positives per image of the miss rate: from 10^-2 or from 10^-4 to 1'),
      num_ji_process: ignoredOption('the Jaccard index is computed in one process', {
        schema: z.int().positive().default(10),
        harmless: anyValue,
      }),
    })
    .refine(writesOrComputes, NOTHING_TO_DO),
  build:
    (options): MetricFactory =>
    async (dataset) => {
      const people = options.ann_file === null ? undefined : await readOdgt(options.ann_file);
      return new CrowdHumanEvaluation(dataset, people, options);
    },
});

type CrowdHumanOptions = z.output<(typeof CrowdHumanMetric)['options']>;

/** xywh boxes of an image. */
interface Crowd {
  boxes: number[];
  ignored: boolean[];
}

interface Entry {
  ID: string;
  gtboxes: { tag: string; fbox: number[]; extra?: { ignore?: number } }[];
}

async function readOdgt(file: string): Promise<Map<string, Crowd>> {
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new DetLabError(`Cannot read the annotation file "${file}": ${error.message}`);
  });
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return new Map(
    lines.map((line, i) => {
      try {
        const { ID, gtboxes } = JSON.parse(line) as Entry;
        const ignored = gtboxes.map(({ tag, extra }) => tag !== 'person' || Boolean(extra?.ignore));
        return [ID, { boxes: gtboxes.flatMap(({ fbox }) => fbox), ignored }] as const;
      } catch (error) {
        throw new DetLabError(
          `Cannot read the annotation file "${file}": expected { "ID", "gtboxes" } in line ${i + 1}: ${(error as Error).message}`,
        );
      }
    }),
  );
}

class CrowdHumanEvaluation implements BoxMetric {
  private readonly records: ReadonlyMap<number, ImageRecord>;
  private readonly images: CrowdedImage[] = [];
  private readonly written: string[] = [];
  private readonly counts = { images: 0, truths: 0, detections: 0 };

  constructor(
    dataset: Dataset,
    private readonly crowds: ReadonlyMap<string, Crowd> | undefined,
    private readonly options: CrowdHumanOptions,
  ) {
    this.records = new Map(dataset.records.map((record) => [record.id, record]));
  }

  add(imageId: number, { bboxes, scores }: BoxDetections): void {
    const record = this.records.get(imageId);
    if (!record) throw new DetLabError(`Cannot evaluate image ${imageId}: the ground truth has no such image`);
    const order = Int32Array.from(scores, (_, i) => i).filter((i) => !Number.isNaN(scores[i]));
    sortByScore(order, order.length, Float64Array.from(scores));
    const sorted = Array.from(order).flatMap((i) => [0, 1, 2, 3].map((k) => Math.fround(bboxes[4 * i + k])));
    const { width, height } = record;
    const { boxes, ignored } = this.crowdOf(record);
    const cornersWhere = (flag: boolean) =>
      clipped(
        [...ignored.keys()].filter((g) => ignored[g] === flag).flatMap((g) => cornersOf(boxes, g)),
        width,
        height,
      );
    const people = cornersWhere(false);
    this.images.push({
      people,
      regions: cornersWhere(true),
      detections: clipped(sorted, width, height),
      scores: Float32Array.from(order, (i) => scores[i]),
    });
    this.counts.images++;
    this.counts.truths += people.length / 4;
    this.counts.detections += scores.length;
    if (this.options.outfile_prefix !== null) this.written.push(entryOf(record, { bboxes, scores }));
  }

  private crowdOf(record: ImageRecord): Crowd {
    if (!this.crowds) {
      const { boxes, ignored } = truthsOfRecord(record);
      return { boxes: [...boxes], ignored: Array.from(ignored, Boolean) };
    }
    const found = this.crowds.get(path.parse(record.path).name);
    if (found) return found;
    throw new DetLabError(
      `Cannot evaluate "${record.path}": the annotation file "${this.options.ann_file}" has no such image`,
    );
  }

  compute(): EvaluationReport {
    const { format_only, metric, prefix } = this.options;
    const kinds = format_only ? [] : [metric].flat();
    const metrics: MetricValues = {};
    if (kinds.includes('AP') || kinds.includes('MR')) {
      const outcomes = this.outcomes();
      if (kinds.includes('AP')) metrics.mAP = averagePrecision(outcomes, this.counts.truths);
      if (kinds.includes('MR')) metrics.mMR = this.missRate(outcomes);
    }
    if (kinds.includes('JI')) metrics.JI = this.jaccard();
    const logged = Object.fromEntries(
      Object.entries(metrics).map(([name, value]) => [`${prefix ?? 'crowd_human'}/${name}`, value]),
    );
    return { metric: 'CrowdHumanMetric', metrics, logged, perClass: [], problems: [], ...this.counts };
  }

  /** Of the detections that count, in descending order of scores: 1 right, 0 wrong. */
  private outcomes(): number[] {
    const rows = this.images.flatMap((image) =>
      matchCaltech(image, this.options.iou_thres).map((outcome, d) => ({ outcome, score: image.scores[d] })),
    );
    return rows
      .filter(({ outcome }) => outcome >= 0)
      .sort((a, b) => b.score - a.score)
      .map(({ outcome }) => outcome);
  }

  /** The geometric mean of miss rates at nine numbers of false positives per image (Dollar et al., PAMI 2012). */
  private missRate(outcomes: readonly number[]): number {
    const { truths, images } = this.counts;
    if (outcomes.length === 0 || truths === 0) return -1;
    let [right, wrong] = [0, 0];
    const rates = outcomes.map((outcome) => {
      if (outcome === 1) right++;
      else wrong++;
      return { falses: wrong / images, missed: 1 - right / truths };
    });
    const logs = REFERENCES[this.options.mr_ref].map((reference) =>
      Math.log((rates.find(({ falses }) => falses >= reference) ?? rates[rates.length - 1]).missed),
    );
    return Math.exp(logs.reduce((a, b) => a + b, 0) / logs.length);
  }

  /** The best over the scores 0, 0.1 .. 0.9. */
  private jaccard(): number {
    let best = -1;
    for (let i = 0; i < 10; i++) {
      const ratios = this.images.map((image) => jaccardIndex(image, this.options.iou_thres, 0.1 * i));
      const counted = ratios.filter(({ counts }) => counts).length;
      if (counted > 0) best = Math.max(best, ratios.reduce((sum, { ratio }) => sum + ratio, 0) / counted);
    }
    return best;
  }

  async write(): Promise<string[]> {
    const { outfile_prefix: prefix } = this.options;
    return prefix === null ? [] : [await writeInFolder(`${prefix}.json`, `[${this.written.join(',\n')}]`)];
  }
}

const cornersOf = (boxes: readonly number[], g: number): number[] => {
  const [x, y, w, h] = boxes.slice(4 * g, 4 * g + 4);
  return [x, y, x + w, y + h];
};

/** The area under the curve through the points of every detection. */
function averagePrecision(outcomes: readonly number[], truths: number): number {
  if (truths === 0) return -1; // undefined
  let [right, area, recallBefore, precisionBefore] = [0, 0, 0, 0];
  for (const [k, outcome] of outcomes.entries()) {
    right += outcome;
    const [recall, precision] = [right / truths, right / (k + 1)];
    if (k > 0) area += (recall - recallBefore) * ((precisionBefore + precision) / 2);
    [recallBefore, precisionBefore] = [recall, precision];
  }
  return area;
}

function entryOf(
  { path: file, width, height }: ImageRecord,
  { bboxes, scores }: Pick<BoxDetections, 'bboxes' | 'scores'>,
): string {
  const dtboxes = Array.from(scores, (score, i) => {
    const [x1, y1, x2, y2] = [0, 1, 2, 3].map((k) => bboxes[4 * i + k]);
    return { box: [x1, y1, x2 - x1, y2 - y1], score, tag: 1 };
  });
  return JSON.stringify({ ID: path.parse(file).name, width, height, dtboxes });
}
