// DumpODVGResults: detections as the JSON lines that ODVGDataset reads, pseudo-labels; computes nothing.

import { z } from 'zod';
import { anyValue, ignoredOption } from '../catalogue/ignored-option';
import { defineModule } from '../catalogue/registry';
import type { Dataset, ImageRecord } from '../data/types';
import { DetLabError } from '../errors';
import { bboxOverlaps, takeBoxes } from '../geometry/boxes';
import { bestFirst, type OrderedDetections } from './best-first';
import { acceptedOptions } from './metric-options';
import type { BoxDetections, BoxMetric, EvaluationReport, MetricFactory } from './report';
import { writeInFolder } from './write-whole';

const options = z.strictObject({
  outfile_path: z.string().min(1).describe('The file, of JSON lines'),
  img_prefix: z.string().describe('Folder to which the names of images are relative'),
  score_thr: z.number().default(0.1).describe('Scores above which detections are written'),
  nms_thr: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe('IoU above which the lower of two boxes of a label is left out'),
  prefix: ignoredOption('nothing is logged', {
    schema: z.string().min(1).nullable().default(null),
    harmless: anyValue,
  }),
  ...acceptedOptions,
});
type Options = z.output<typeof options>;

const rounded = (value: number): number => Math.round(value * 100) / 100;

class OdvgDump implements BoxMetric {
  private readonly records: ReadonlyMap<number, ImageRecord>;
  private readonly lines: string[] = [];
  private detections = 0;

  constructor(
    private readonly dataset: Dataset,
    private readonly options: Options,
  ) {
    this.records = new Map(dataset.records.map((record) => [record.id, record]));
  }

  add(imageId: number, detections: BoxDetections): void {
    const record = this.records.get(imageId);
    if (!record) return;
    const found = bestFirst(detections);
    const { width, height, path, prompt } = record;
    const filename = path.replace(this.options.img_prefix, '').replace(/^\//, '');
    const spans = prompt?.tokensPositive;
    const content =
      spans !== undefined && spans !== -1 && typeof prompt?.text === 'string'
        ? { grounding: this.regions(prompt.text, Object.values(spans), found) }
        : { detection: { instances: this.instances(found, this.names(record)) } };
    this.lines.push(JSON.stringify({ filename, height, width, ...content }));
  }

  /** What the labels of an image mean. */
  private names({ prompt, path }: ImageRecord): readonly string[] {
    const { labelMap, text } = prompt ?? {};
    if (labelMap) return this.dataset.classes;
    if (typeof text !== 'string') return text ?? this.dataset.classes;
    throw new DetLabError(`Cannot write detections of "${path}": its caption has no phrases. Use LoadTextAnnotations`);
  }

  private instances(found: OrderedDetections, names: readonly string[]) {
    const labels = [...new Set(found.labels)].sort((a, b) => a - b);
    return labels
      .flatMap((label) => this.kept(found, label))
      .sort((a, b) => found.scores[b] - found.scores[a])
      .map((i) => ({
        ...this.box(found, i),
        score: rounded(found.scores[i]),
        label: found.labels[i],
        category: names[found.labels[i]],
      }));
  }

  private regions(
    caption: string,
    spans: readonly (readonly (readonly [number, number])[])[],
    found: OrderedDetections,
  ) {
    const characters = [...caption];
    const regions = spans.map((parts, label) => {
      const kept = this.kept(found, label);
      return {
        phrase: parts.map(([start, end]) => characters.slice(start, end).join('')),
        bbox: kept.map((i) => this.box(found, i).bbox),
        score: [kept.map((i) => rounded(found.scores[i]))],
        tokens_positive: parts,
      };
    });
    return { caption, regions };
  }

  private box({ bboxes }: OrderedDetections, i: number): { bbox: number[] } {
    return { bbox: Array.from(bboxes.subarray(4 * i, 4 * i + 4), rounded) };
  }

  /** The detections of a label above the score that no better one covers. */
  private kept({ bboxes, scores, labels }: OrderedDetections, label: number): number[] {
    const { score_thr, nms_thr } = this.options;
    const kept: number[] = [];
    for (let i = 0; i < scores.length; i++) {
      if (labels[i] !== label || scores[i] <= score_thr) continue;
      const overlaps = bboxOverlaps(takeBoxes(bboxes, [i]), takeBoxes(bboxes, kept));
      if (overlaps.every((iou) => iou <= nms_thr)) kept.push(i);
    }
    this.detections += kept.length;
    return kept;
  }

  compute(): EvaluationReport {
    const counts = { images: this.lines.length, truths: 0, detections: this.detections };
    return { metric: 'DumpODVGResults', metrics: {}, logged: {}, perClass: [], problems: [], ...counts };
  }

  async write(): Promise<string[]> {
    return [
      await writeInFolder(this.options.outfile_path, Buffer.from(this.lines.map((line) => `${line}\n`).join(''))),
    ];
  }
}

export const DumpODVGResults = defineModule({
  kind: 'metric',
  type: 'DumpODVGResults',
  summary: 'Writes detections as the JSON lines of an ODVGDataset, to train on them; computes nothing',
  origin: 'MMDetection',
  shapes: 'detections per image -> a file',
  example: "{ type: 'DumpODVGResults', outfile_path: 'work_dirs/pseudo.json', img_prefix: 'data/cat/images/' }",
  options,
  build:
    (given): MetricFactory =>
    async (dataset) =>
      new OdvgDump(dataset, given),
});
