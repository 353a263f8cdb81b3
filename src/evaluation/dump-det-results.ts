// DumpDetResults: the detections of every image as the pickle that MMDetection's analysis tools read; computes nothing.

import path from 'node:path';
import { z } from 'zod';
import { anyValue, ignoredOption } from '../catalogue/ignored-option';
import { defineModule } from '../catalogue/registry';
import type { Dataset, ImageRecord } from '../data/types';
import { acceptedOptions } from './metric-options';
import type { BoxDetections, BoxMetric, EvaluationReport, MetricFactory } from './report';
import { type ImageResult, resultsPickle } from './results-pickle';
import { writeInFolder } from './write-whole';

const PICKLES = ['.pkl', '.pickle'];

class DetectionDump implements BoxMetric {
  private readonly records: ReadonlyMap<number, ImageRecord>;
  private readonly images: ImageResult[] = [];

  constructor(
    dataset: Dataset,
    private readonly file: string,
  ) {
    this.records = new Map(dataset.records.map((record) => [record.id, record]));
  }

  add(imageId: number, { bboxes, scores, labels, masks }: BoxDetections): void {
    const record = this.records.get(imageId);
    if (!record) return;
    const { path: source, height, width } = record;
    const detections = {
      bboxes: Float32Array.from(bboxes),
      scores: Float32Array.from(scores),
      labels: Int32Array.from(labels),
      ...(masks && { masks: [...masks] }),
    };
    this.images.push({ id: imageId, path: source, height, width, detections });
  }

  compute(): EvaluationReport {
    const detections = this.images.reduce((sum, image) => sum + image.detections.scores.length, 0);
    const counts = { images: this.images.length, truths: 0, detections };
    return { metric: 'DumpDetResults', metrics: {}, logged: {}, perClass: [], problems: [], ...counts };
  }

  async write(): Promise<string[]> {
    return [await writeInFolder(this.file, resultsPickle(this.images))];
  }
}

export const DumpDetResults = defineModule({
  kind: 'metric',
  type: 'DumpDetResults',
  summary: "Writes the detections as MMDetection's results.pkl, masks as run lengths; computes nothing",
  origin: 'MMDetection 3.x',
  shapes: 'detections per image -> a file',
  example: "{ type: 'DumpDetResults', out_file_path: 'work_dirs/results.pkl' }",
  options: z.strictObject({
    out_file_path: z
      .string()
      .refine((file) => PICKLES.includes(path.extname(file)), 'expected a file name that ends in .pkl or .pickle')
      .describe('The file, which ends in .pkl or .pickle'),
    ...acceptedOptions,
    collect_dir: ignoredOption('concerns several processes', {
      schema: z.string().nullable().default(null),
      harmless: anyValue,
    }),
  }),
  build:
    ({ out_file_path }): MetricFactory =>
    async (dataset) =>
      new DetectionDump(dataset, out_file_path),
});
