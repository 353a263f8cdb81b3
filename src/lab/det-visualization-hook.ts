// DetVisualizationHook (MMDetection): images of an evaluation with their truths on the left and the predictions on the right. What
// is drawn are the evaluator's own detections, once they are measured: evaluation-drawings.ts in a run, tested-drawings.ts in a test.

import { z } from 'zod';
import { ignoredOption } from '../catalogue/ignored-option';
import { defineModule } from '../catalogue/registry';
import type { ImageRecord } from '../data';
import type { EvaluationResults } from '../evaluation';
import type { TrainHook } from '../training/hooks/hook';
import { PRIORITIES, priority } from '../training/hooks/priority';
import { type LiveBox, LiveImages } from '../visualization/live-images';
import { classColours } from './class-colours';
import { detectionBoxes, recordImage } from './record-image';

const options = z.strictObject({
  draw: z.boolean().default(false).describe('Whether anything is drawn'),
  interval: z
    .int()
    .positive()
    .default(50)
    .describe('Draws the first image of every so many batches of a validation, counted on from the iterations trained'),
  score_thr: z.number().min(0).max(1).default(0.3).describe('Minimum score of the predictions that are drawn'),
  show: z
    .boolean()
    .default(false)
    .describe('Shows the images and writes none: in the notebook, or for `detlab test` in the browser'),
  wait_time: z
    .number()
    .min(0)
    .default(0)
    .describe('With show in a notebook: seconds that each image is shown before the next; 0: all at once'),
  test_out_dir: z
    .string()
    .min(1)
    .nullish()
    .describe('Folder for the images of `detlab test`, in work_dir/<time>; the vis_backends get them when left out'),
  backend_args: ignoredOption('images are read as the dataset reads them', { harmless: [null] }),
  priority,
});
type Options = z.output<typeof options>;

/** Shorter and longer sides are drawn at these, in pixels. */
const SIDE = { min: 480, max: 900 };
/** Lower scores are in no display: its slider goes down to here. */
const LOWEST_SCORE = 0.05;

type EvaluatedImage = EvaluationResults['images'][number];

export class DetVisualizationHook implements TrainHook {
  readonly name: string = 'DetVisualizationHook';
  priority: number = PRIORITIES.NORMAL;

  constructor(readonly options: Options) {}

  /** The images with both sides, as a gallery or one for a file. */
  images(drawn: readonly EvaluatedImage[], { dataset }: EvaluationResults, title: string): LiveImages {
    const { score_thr: threshold } = this.options;
    // masks of truths only where there are some to compare with
    const withMasks = drawn.some(({ detections }) => detections.masks !== undefined);
    const images = drawn.map(({ record, detections }) => {
      const image = recordImage(record);
      const truths: LiveBox[] = withMasks
        ? image.boxes.slice()
        : image.boxes.map((box) => ({ ...box, mask: undefined }));
      const found = detectionBoxes(detections).filter(({ score = 1 }) => score >= Math.min(threshold, LOWEST_SCORE));
      return { ...image, boxes: [...truths, ...found] };
    });
    const width = drawn.length === 1 ? widthOf(drawn[0].record) : undefined;
    return new LiveImages(images, { ...classColours(dataset), title, threshold, sideBySide: true, width });
  }

  /** One image as a PNG: truths on the left, predictions on the right. */
  png(image: EvaluatedImage, results: EvaluationResults): Promise<Buffer> {
    return this.images([image], results, 'the image').png();
  }
}

/** Width at which the longer side is neither too small for labels nor larger than a screen. */
function widthOf({ width, height }: ImageRecord): number {
  return Math.round(Math.min(Math.max(width, height, SIDE.min), SIDE.max));
}

/** At most `limit` of a list, spread evenly over it. */
export function spreadOver<T>(list: readonly T[], limit: number): T[] {
  if (list.length <= limit) return [...list];
  return Array.from({ length: limit }, (_, i) => list[Math.floor((i * list.length) / limit)]);
}

export const detVisualizationHookDefinition = defineModule({
  kind: 'hook',
  type: 'DetVisualizationHook',
  summary: 'Draws truths and predictions of evaluated images, for the notebook and the vis_backends',
  origin: 'MMDetection',
  shapes: 'detections of an evaluation -> images, truths left, predictions right',
  example: "{ type: 'DetVisualizationHook', draw: true, interval: 10, score_thr: 0.3 }",
  options,
  build: (given) => new DetVisualizationHook(given),
});
