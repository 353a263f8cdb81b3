// `recipe.batches(data)`: the batches that training gets, by the loader, seeds and preprocessor of `fit`, to look at.

import path from 'node:path';
import type { ModuleConfig } from '../catalogue/registry';
import { createLoader, type PackedSample, type PixelImage, type Truths } from '../data';
import { startEngine } from '../engine';
import { DetLabError } from '../errors';
import type { DataPreprocessor, DetBatch } from '../models/types';
import { disposeBatch } from '../training/dispose-batch';
import { hatchedPadding } from '../visualization/hatched-padding';
import { LiveFigures } from '../visualization/live-figures';
import { type LiveBox, LiveImages } from '../visualization/live-images';
import type { RecipeSpec } from './build-model';
import { catalogue } from './catalogue';
import { classColours } from './class-colours';
import { objectAt } from './config-access';
import type { LabDataset } from './lab-dataset';
import { type InputOptions, trainingInput } from './training-input';

/** How many batches `recipe.batches` shows, and of which epoch. */
export interface BatchesOptions extends InputOptions {
  /** Number of batches. Default 2. */
  count?: number;
  /** Their epoch; the first is 1. */
  epoch?: number;
}

/** One image of a batch. */
export interface BatchImage {
  /** Pixels of the network's input, normalisation undone and padding included. */
  image: PixelImage;
  /** After all transforms, in pixels of the input; with what is known of the image. */
  sample: PackedSample;
}

/** The first batches of a training, as the network is fed them. */
export class TrainingBatches extends LiveFigures {
  constructor(
    name: string,
    /** Images by batch. */
    readonly batches: readonly (readonly BatchImage[])[],
    readonly classes: readonly string[],
    palette?: readonly string[],
  ) {
    const images = batches.flatMap((batch, b) => batch.map((one, i) => ({ ...one, b, i })));
    const rows = images.map(({ image, sample, b, i }) => rowOf(image, sample, b, i));
    super({
      what: 'training batches',
      title: `${name}: ${batches.length === 1 ? 'the first batch' : `the first ${batches.length} batches`} of training`,
      images: new LiveImages(
        images.map(({ image, sample: { truths, meta } }, k) => ({
          source: path.basename(meta.imgPath),
          caption: `${rows[k][0]}.${rows[k][1]}  ${rows[k][2]}`,
          pixels: hatchedPadding(image, meta.imgShape),
          width: image.width,
          height: image.height,
          boxes: liveTruths(truths),
        })),
        { ...classColours({ classes, palette }), title: 'training batches', color: 'class' },
      ),
      tables: [
        {
          columns: [
            ...['batch', 'image'].map((title) => ({ title, align: 'right' as const })),
            { title: 'file' },
            { title: 'image (h × w)' },
            { title: 'input (h × w)' },
            { title: 'boxes', align: 'right' },
            { title: 'ignored', align: 'right' },
            { title: 'padding', align: 'right' },
            { title: 'flipped' },
          ],
          rows,
        },
      ],
      data: images.map(({ image, sample: { truths, meta } }, k) => ({
        batch: images[k].b + 1,
        image: images[k].i + 1,
        file: meta.imgPath,
        input: [image.height, image.width],
        meta,
        boxes: Array.from(truths.labels, (label, t) => ({
          class: classes[label],
          bbox: [...truths.bboxes.subarray(4 * t, 4 * t + 4)],
          ignored: truths.ignored[t] === 1,
        })),
      })),
    });
    for (const key of ['batches', 'classes']) Object.defineProperty(this, key, { enumerable: false });
  }
}

function rowOf(image: PixelImage, { truths, meta }: PackedSample, batch: number, index: number): string[] {
  const [h, w] = meta.imgShape;
  const ignored = truths.ignored.reduce((sum, v) => sum + v, 0);
  return [
    String(batch + 1),
    String(index + 1),
    path.basename(meta.imgPath),
    `${h} × ${w}`,
    `${image.height} × ${image.width}`,
    String(truths.labels.length - ignored),
    String(ignored),
    `${((1 - (h * w) / (image.height * image.width)) * 100).toFixed(1)}%`,
    meta.flip ? (meta.flipDirection ?? 'horizontal') : '',
  ];
}

/** Truths of a sample as boxes, with their sizes. */
export const liveTruths = ({ bboxes, labels, ignored }: Truths): LiveBox[] =>
  Array.from(labels, (label, t) => {
    const [x1, y1, x2, y2] = bboxes.subarray(4 * t, 4 * t + 4);
    return {
      bbox: [x1, y1, x2, y2],
      label,
      ...(ignored[t] === 1 && { state: 'ignored' as const }),
      note: `${(x2 - x1).toFixed(1)} × ${(y2 - y1).toFixed(1)} pixels`,
    };
  });

function imagesOf({ inputs, samples }: DetBatch, preprocessor: DataPreprocessor): BatchImage[] {
  const [, height, width] = inputs.shape;
  const values = inputs.dataSync<'float32'>();
  const size = height * width * 3;
  return samples.map((sample, i) => {
    const data = preprocessor.denormalize?.(values.subarray(i * size, (i + 1) * size)) ?? new Uint8Array(size);
    return { image: { data, width, height, order: preprocessor.order ?? 'rgb' }, sample };
  });
}

/** The first batches of an epoch, as `fit` with these options trains on them. */
export async function trainingBatches(
  spec: RecipeSpec,
  data: LabDataset,
  { count = 2, epoch = 1, ...options }: BatchesOptions = {},
): Promise<TrainingBatches> {
  const at = epoch - 1;
  const { training } = await trainingInput(spec, data, options);
  await startEngine();
  const given = objectAt(spec.config, 'model.data_preprocessor');
  const config = { type: 'DetDataPreprocessor', ...given } as ModuleConfig;
  const preprocessor = catalogue.build('data_preprocessor', config, { path: 'model.data_preprocessor' });
  if (!preprocessor.denormalize)
    throw new DetLabError(
      `Cannot show the batches of "${spec.name}": ${config.type} has no denormalize(values), which undoes its normalisation`,
    );
  const loader = createLoader(training.dataset, training.stages, { ...training.order, workers: 0, prefetch: 1 });
  const batches: BatchImage[][] = [];
  try {
    let iteration = at * loader.length;
    for await (const samples of loader.epoch(at)) {
      const batch = preprocessor.forward(samples, { training: true, iteration: iteration++ });
      // of semi-supervised training the views of the images without labels follow
      const parts = [batch, ...Object.values(batch.branches ?? {})];
      batches.push(parts.flatMap((part) => imagesOf(part, preprocessor)));
      disposeBatch(batch);
      if (batches.length === count) break;
    }
  } finally {
    await loader.close();
  }
  return new TrainingBatches(spec.name, batches, data.classes, data.train.palette);
}
