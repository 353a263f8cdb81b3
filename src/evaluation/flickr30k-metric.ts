// Flickr30kMetric: recall of the phrases of captions among the best detections of each (Plummer et al., ICCV 2015). With
// merge_boxes a phrase has one box around all of its own; MMDetection's cannot be run with it.

import { z } from 'zod';
import { defineModule } from '../catalogue/registry';
import type { Dataset, ImageRecord } from '../data/types';
import type { OrderedDetections } from './best-first';
import { overlapFloat32 } from './float32-overlaps';
import { acceptedOptions } from './metric-options';
import type { MetricFactory, MetricValues } from './report';
import { share, TextMetric } from './text-metric';

const options = z.strictObject({
  topk: z
    .array(z.int().refine((k) => k === -1 || k > 0, 'expected a positive number, or -1 for all'))
    .min(1)
    .default([1, 5, 10, -1])
    .describe('Numbers of best detections of a phrase; -1: all'),
  iou_thrs: z.number().min(0).max(1).default(0.5).describe('IoU from which a phrase is found'),
  merge_boxes: z.boolean().default(false).describe('Compare with one box around all of a phrase'),
  prefix: z.string().min(1).nullable().default(null).describe('In the names of the log; null: flickr30k'),
  ...acceptedOptions,
});

class PhraseRecall extends TextMetric {
  private phrases = 0;
  private readonly found: Map<number, number>;

  constructor(
    dataset: Dataset,
    private readonly options: z.output<typeof options>,
  ) {
    super('Flickr30kMetric', dataset, options.prefix ?? 'flickr30k');
    this.found = new Map(options.topk.map((k) => [k, 0]));
  }

  protected count({ truths, prompt }: ImageRecord, { bboxes, labels }: OrderedDetections): void {
    const ids = prompt?.phraseIds ?? [...truths.labels];
    for (const phrase of new Set(ids)) {
      const own = [...ids.keys()].filter((i) => ids[i] === phrase);
      const boxes = own.map((i) => truths.bboxes.subarray(4 * i, 4 * i + 4));
      const targets = this.options.merge_boxes ? [around(boxes)] : boxes;
      const predicted = [...labels.keys()].filter((i) => labels[i] === phrase);
      const best = predicted.map((i) => Math.max(...targets.map((box) => overlapFloat32(bboxes, i, box, 0))));
      this.phrases++;
      for (const [k, found] of this.found) {
        const reached = (k === -1 ? best : best.slice(0, k)).some((iou) => iou >= this.options.iou_thrs);
        if (reached) this.found.set(k, found + 1);
      }
    }
  }

  protected values(): MetricValues {
    const names = [...this.found].map(([k, found]) => [`R@${k === -1 ? 'all' : k}`, share(found, this.phrases)]);
    return Object.fromEntries(names);
  }
}

const around = (boxes: readonly Float32Array[]): Float32Array =>
  Float32Array.from([0, 1, 2, 3], (k) => {
    const sides = boxes.map((box) => box[k]);
    return k < 2 ? Math.min(...sides) : Math.max(...sides);
  });

export const Flickr30kMetric = defineModule({
  kind: 'metric',
  type: 'Flickr30kMetric',
  summary: 'Recall of the phrases of captions among the best detections of each',
  paper: 'Plummer et al., Flickr30k Entities: Collecting Region-to-Phrase Correspondences, ICCV 2015',
  shapes: 'detections per image, labelled by phrase -> R@1, R@5, R@10, R@all',
  example: "{ type: 'Flickr30kMetric' }",
  options,
  build:
    (given): MetricFactory =>
    async (dataset) =>
      new PhraseRecall(dataset, given),
});
