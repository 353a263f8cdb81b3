// `recipe.steps(data, { image })`: one image after each transform of the training pipeline, with its truths.

import path from 'node:path';
import { buildPipeline, sampleTracer, sourceOf, stageAt, type TracedStep, withoutClipping } from '../data';
import { bytesOf } from '../visualization/hatched-padding';
import { LiveFigures } from '../visualization/live-figures';
import { type LiveImage, LiveImages } from '../visualization/live-images';
import type { RecipeSpec } from './build-model';
import { catalogue } from './catalogue';
import { classColours } from './class-colours';
import type { LabDataset } from './lab-dataset';
import { liveTruths } from './training-batches';
import { type InputOptions, imageIndex, trainingInput } from './training-input';

/** Which image, and the random numbers of which epoch, `recipe.steps` shows. */
export interface StepsOptions extends InputOptions {
  /** Number of the training image from 0, or its file name. Default 0. */
  image?: number | string;
  /** The epoch whose random numbers are drawn; the first is 1. */
  epoch?: number;
}

/** An image after each transform of a pipeline. */
export class PipelineSteps extends LiveFigures {
  constructor(
    readonly file: string,
    /** What each transform received and made, in order. */
    readonly steps: readonly TracedStep[],
    readonly classes: readonly string[],
    palette?: readonly string[],
  ) {
    const changes = steps.map(changesOf);
    super({
      what: 'pipeline steps',
      title: `${path.basename(file)}: ${steps.length} steps of the training pipeline`,
      images: new LiveImages(imagesOf(steps, changes), {
        ...classColours({ classes, palette }),
        title: 'pipeline steps',
        color: 'class',
      }),
      tables: [
        {
          columns: [
            { title: 'step', align: 'right' },
            { title: 'transform' },
            { title: 'image (h × w)' },
            ...['boxes before', 'boxes after', 'lost', 'added', 'less than half left'].map((title) => ({
              title,
              align: 'right' as const,
            })),
          ],
          rows: steps.map((step, i) => rowOf(step, changes[i])),
        },
      ],
      data: steps.map((step, i) => ({
        step: step.index + 1,
        transform: step.type,
        discarded: step.after === undefined,
        ...changes[i],
        boxes: boxesJson(step, classes),
      })),
    });
    for (const key of ['file', 'steps', 'classes']) Object.defineProperty(this, key, { enumerable: false });
  }
}

interface Changes {
  before: number;
  after: number;
  lost: number;
  added: number;
  halved: number;
}

function changesOf({ before, after, unclipped }: TracedStep): Changes {
  const old = [...(before.truths?.instanceIds ?? [])];
  const now = [...(after?.truths?.instanceIds ?? [])];
  const missing = (from: number[], among: number[]) => {
    const left = [...among];
    return from.filter((id) => {
      const at = left.indexOf(id);
      if (at >= 0) left.splice(at, 1);
      return at < 0;
    }).length;
  };
  const shares = after?.truths && unclipped ? visibleShares(after.truths, unclipped) : [];
  return {
    before: old.length,
    after: now.length,
    lost: missing(old, now),
    added: before.truths ? missing(now, old) : 0,
    halved: shares.filter((share) => share < 0.5).length,
  };
}

interface Identified {
  bboxes: Float32Array;
  instanceIds?: Int32Array;
}

/** Share of each box that clipping left, by the same boxes without clipping; 0 where those are lost. */
export function visibleShares(clipped: Identified, whole: Identified): number[] {
  const area = (boxes: Float32Array, k: number) =>
    Math.max(0, boxes[4 * k + 2] - boxes[4 * k]) * Math.max(0, boxes[4 * k + 3] - boxes[4 * k + 1]);
  const places = new Map<number, number[]>();
  for (const [k, id] of (whole.instanceIds ?? []).entries()) places.set(id, [...(places.get(id) ?? []), k]);
  return Array.from(clipped.instanceIds ?? [], (id, k) => {
    const place = places.get(id)?.shift();
    return place === undefined ? 0 : area(clipped.bboxes, k) / Math.max(area(whole.bboxes, place), 1e-9);
  });
}

const sizeText = ({ after }: TracedStep): string =>
  after?.image ? `${after.image.height} × ${after.image.width}` : '';

function rowOf(step: TracedStep, { before, after, lost, added, halved }: Changes): string[] {
  const blank = (count: number) => (count === 0 ? '' : String(count));
  const made = step.after ? (step.after.truths ? String(after) : '') : 'discarded';
  const numbers = [
    step.before.truths ? String(before) : '',
    made,
    blank(lost),
    blank(added),
    step.unclipped ? blank(halved) : '',
  ];
  return [String(step.index + 1), step.type, sizeText(step), ...numbers];
}

/** One image for each step that changes anything; the others are named in the caption before. */
function imagesOf(steps: readonly TracedStep[], changes: readonly Changes[]): LiveImage[] {
  const figures: LiveImage[] = [];
  for (const [i, step] of steps.entries()) {
    const last = figures.at(-1);
    if (last && changesNothing(step)) last.caption = `${last.caption}; ${step.index + 1} ${step.type}: no change`;
    else figures.push(...imageOf(step, changes[i]));
  }
  return figures;
}

function changesNothing({ before, after }: TracedStep): boolean {
  const [a, b] = [before.image, after?.image];
  if (!a || !b || a.width !== b.width || a.height !== b.height || a.order !== b.order) return false;
  const boxes = (state: typeof before | undefined) => state?.truths?.bboxes.join() ?? '';
  return boxes(before) === boxes(after) && (a.data === b.data || a.data.every((v, k) => v === b.data[k]));
}

function imageOf(step: TracedStep, { lost, added, halved }: Changes): LiveImage[] {
  const { image, truths } = step.after ?? {};
  const notes = [
    ...(step.after ? [sizeText(step)] : ['discards the image']),
    ...(lost > 0 && step.after ? [`${lost} lost`] : []),
    ...(added > 0 ? [`${added} added`] : []),
    ...(halved > 0 ? [`${halved} cut below half (dashed)`] : []),
  ];
  const shown = image ?? step.before.image;
  if (!shown) return [];
  const shares = truths && step.unclipped ? visibleShares(truths, step.unclipped) : [];
  const boxes = truths ? liveTruths(truths) : [];
  const caption = `${step.index + 1} ${step.type}: ${notes.join(', ')}`;
  return [
    {
      source: caption,
      caption,
      pixels: bytesOf(shown),
      width: shown.width,
      height: shown.height,
      boxes: boxes.map((box, k) =>
        shares[k] < 0.5 ? { ...box, dashed: true, note: `${box.note}, ${Math.round(100 * shares[k])}% left` } : box,
      ),
    },
  ];
}

function boxesJson({ after }: TracedStep, classes: readonly string[]) {
  const { truths } = after ?? {};
  if (!truths) return undefined;
  return Array.from(truths.labels, (label, t) => ({
    object: truths.instanceIds?.[t],
    class: classes[label],
    bbox: [...truths.bboxes.subarray(4 * t, 4 * t + 4)],
    ignored: truths.ignored[t] === 1,
  }));
}

/** One image through the pipeline of an epoch, with the random numbers that training gives it there. */
export async function pipelineSteps(
  spec: RecipeSpec,
  data: LabDataset,
  { image = 0, epoch = 1, ...options }: StepsOptions = {},
): Promise<PipelineSteps> {
  const at = epoch - 1;
  const { training } = await trainingInput(spec, data, options);
  const index = imageIndex(training, image);
  const { multiSource } = training.order;
  const { record, steps } = await tracerOf(training, at, multiSource && sourceOf(multiSource, index)).trace(index, at);
  return new PipelineSteps(record.path, steps, data.classes, data.train.palette);
}

type Training = Awaited<ReturnType<typeof trainingInput>>['training'];

/** Traces the pipeline that holds at an epoch (from 0), for images of a data set of several. */
export function tracerOf({ dataset, stages, order }: Training, epoch: number, source?: number) {
  const { pipeline } = stages[stageAt(stages, epoch, source)] ?? stages[0];
  const config = withoutClipping(pipeline.config, catalogue);
  const unclipped = buildPipeline(config, catalogue, 'train_pipeline', pipeline.options);
  return sampleTracer(pipeline, dataset.records, order, unclipped);
}
