// MMDetection's DetDataPreprocessor: 8-bit pixels to a normalised, padded batch, in one pass over the pixels.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { anyValue, ignoredOption } from '../../catalogue/ignored-option';
import { defineModule } from '../../catalogue/registry';
import type { PackedSample, PixelImage } from '../../data/types';
import { DetLabError } from '../../errors';
import { hasKernel, runKernel } from '../../ops/kernel';
import type { DetBatch } from '../types';
import { BatchFixedSizePad, batchFixedSizePad } from './batch-fixed-size-pad';
import { BatchResize, batchResize } from './batch-resize';
import { BatchSyncRandomResize, batchSyncRandomResize } from './batch-sync-random-resize';
import { PPYOLOEBatchRandomResize, ppyoloeBatchRandomResize } from './ppyoloe-batch-random-resize';

const perChannel = (meaning: string) =>
  z
    .array(z.number())
    .refine((v) => v.length === 1 || v.length === 3, 'expected 1 or 3 numbers')
    .nullable()
    .default(null)
    .describe(meaning);

export const preprocessorOptions = z.strictObject({
  mean: perChannel("Subtracted from each channel, in the model's channel order; null with std null: no normalisation"),
  std: perChannel('Divides each channel after the mean is subtracted'),
  pad_size_divisor: z.int().positive().default(1).describe('Batch height and width are padded to multiples of this'),
  pad_value: z.number().default(0).describe('Value of the padding, after normalisation'),
  pad_mask: z.boolean().default(false).describe('Also pad instance masks'),
  mask_pad_value: z
    .int()
    .refine((value) => value === 0, 'expected 0: masks are padded with background')
    .default(0)
    .describe('Only 0: masks are padded with background'),
  pad_seg: z.boolean().default(false).describe('Also pad semantic maps'),
  seg_pad_value: z.int().default(255).describe('Value of the padding in semantic maps'),
  bgr_to_rgb: z.boolean().default(false).describe('Convert the image from BGR to RGB'),
  rgb_to_bgr: z
    .boolean()
    .default(false)
    .describe('Convert the image from RGB to BGR; without either flag the model sees BGR'),
  boxtype2tensor: ignoredOption('boxes are plain arrays', { schema: z.boolean().default(true), harmless: anyValue }),
  non_blocking: ignoredOption('batches are copied while the step before runs', {
    schema: z.boolean().nullable().default(false),
    harmless: anyValue,
  }),
  batch_augments: z
    .array(z.discriminatedUnion('type', [batchSyncRandomResize, batchFixedSizePad, batchResize]))
    .nullable()
    .default(null)
    .describe('Batch augmentations, applied in order while training'),
});
export type DetDataPreprocessorOptions = z.output<typeof preprocessorOptions>;

/** Single precision at every step, as PyTorch. */
const f = Math.fround;

/**
 * @example
 * const { inputs, batchShape } = new DetDataPreprocessor(options).forward(samples); // [N, H, W, 3], the caller disposes it
 */
export class DetDataPreprocessor {
  /** The order of the channels the model sees. */
  readonly order: PixelImage['order'];
  /** Mean and standard deviation by channel. */
  protected readonly shift: Float32Array;
  protected readonly scale: Float32Array;
  /** Normalised value of each 8-bit value, for one channel after the other. */
  private readonly tables: Float32Array;
  private readonly padValue: number;
  private readonly divisor: number;
  private readonly padsMasks: boolean;
  private readonly semanticPad: number | undefined;
  private readonly augments: (BatchSyncRandomResize | BatchFixedSizePad | BatchResize)[];

  constructor({
    mean,
    std,
    pad_size_divisor,
    pad_value,
    pad_mask,
    pad_seg,
    seg_pad_value,
    bgr_to_rgb,
    batch_augments,
  }: DetDataPreprocessorOptions) {
    this.augments = (batch_augments ?? []).map((augment) => {
      if (augment.type === 'BatchFixedSizePad') return new BatchFixedSizePad(augment);
      return augment.type === 'BatchResize' ? new BatchResize(augment) : new BatchSyncRandomResize(augment);
    });
    this.order = bgr_to_rgb ? 'rgb' : 'bgr';
    this.padValue = pad_value;
    this.divisor = pad_size_divisor;
    this.padsMasks = pad_mask;
    this.semanticPad = pad_seg ? seg_pad_value : undefined;
    const channel = (values: readonly number[] | null, absent: number) =>
      Float32Array.from([0, 1, 2], (c) => values?.[values.length === 1 ? 0 : c] ?? absent);
    this.shift = channel(mean, 0);
    this.scale = channel(std, 1);
    this.tables = Float32Array.from({ length: 768 }, (_, k) => {
      const c = Math.floor(k / 256);
      return f((k % 256) - this.shift[c]) / this.scale[c];
    });
  }

  /**
   * Normalises the images, pads them at the bottom and right to one size and stacks them. `iteration` counts the batches
   * before this one, over the whole training.
   * @throws DetLabError for an empty batch or an image whose pixels do not fit its size.
   */
  forward(samples: PackedSample[], { training = false, iteration = 0 } = {}): DetBatch {
    const batch = this.stack(samples);
    return training ? this.augments.reduce((b, augment) => augment.forward(b, iteration), batch) : batch;
  }

  /** The pixels that normalised values [..., 3] stand for, padding included; in the order of the model's channels. */
  denormalize(values: Float32Array): PixelImage['data'] {
    // clamped and rounded by the array
    return new Uint8Array(Uint8ClampedArray.from(values, (v, i) => v * this.scale[i % 3] + this.shift[i % 3]).buffer);
  }

  private stack(samples: PackedSample[]): DetBatch {
    if (samples.length === 0) throw new DetLabError('Cannot make a batch of no samples: expected at least 1');
    const padded = (side: number) => Math.ceil(side / this.divisor) * this.divisor;
    const padShapes = samples.map(({ image }): [number, number] => [padded(image.height), padded(image.width)]);
    const height = Math.max(...padShapes.map(([h]) => h));
    const width = Math.max(...padShapes.map(([, w]) => w));
    for (const { image, meta } of samples)
      if (image.data.length !== image.width * image.height * 3)
        throw new DetLabError(
          `Cannot read the pixels of "${meta.imgPath}": expected ${image.width} x ${image.height} x 3 values, ` +
            `received ${image.data.length}`,
        );
    const inputs = this.stackByEngine(samples, height, width) ?? this.stackHere(samples, height, width);
    const batch: DetBatch = { inputs, samples, batchShape: [height, width], padShapes };
    if (this.padsMasks) batch.maskShape = [height, width];
    if (this.semanticPad !== undefined) batch.semanticPad = this.semanticPad;
    return batch;
  }

  /** 8-bit images on an engine that normalises them. */
  private stackByEngine(samples: PackedSample[], height: number, width: number): tf.Tensor4D | undefined {
    const images = samples.map(({ image }) => image.data);
    const isPlain = images.every((data) => data instanceof Uint8Array && data.buffer instanceof ArrayBuffer);
    if (!isPlain || !hasKernel('DetImages')) return undefined;
    const shapes = samples.flatMap(({ image }) => [image.height, image.width, image.order === this.order ? 0 : 1]);
    const { tables, padValue } = this;
    return runKernel<tf.Tensor4D>('DetImages', {}, { images, shapes, tables, size: [height, width], padValue });
  }

  private stackHere(samples: PackedSample[], height: number, width: number): tf.Tensor4D {
    const pixels = new Float32Array(samples.length * height * width * 3);
    for (const [n, sample] of samples.entries())
      this.write(sample, pixels.subarray(n * height * width * 3, (n + 1) * height * width * 3), height, width);
    return tf.tensor4d(pixels, [samples.length, height, width, 3]);
  }

  private write({ image }: PackedSample, out: Float32Array, height: number, width: number): void {
    const { data, width: w, height: h } = image;
    const [first, second, third] = [0, 256, 512].map((at) => this.tables.subarray(at, at + 256));
    const bytes = data instanceof Uint8Array;
    const flip = image.order === this.order ? 0 : 2; // 0: as stored, 2: first and third channel change places
    for (let y = 0; y < h; y++) {
      let from = y * w * 3;
      let to = y * width * 3;
      if (bytes)
        for (let x = 0; x < w; x++, from += 3, to += 3) {
          out[to] = first[data[from + flip]];
          out[to + 1] = second[data[from + 1]];
          out[to + 2] = third[data[from + 2 - flip]];
        }
      else
        for (let x = 0; x < w; x++, from += 3, to += 3)
          for (let c = 0; c < 3; c++) out[to + c] = f(data[from + (flip ? 2 - c : c)] - this.shift[c]) / this.scale[c];
      if (this.padValue !== 0) out.fill(this.padValue, to, (y + 1) * width * 3);
    }
    if (this.padValue !== 0) out.fill(this.padValue, h * width * 3, height * width * 3);
  }
}

/** Refuses half a normalisation and two channel orders. */
export function checkedPreprocessor<
  O extends Pick<DetDataPreprocessorOptions, 'mean' | 'std' | 'bgr_to_rgb' | 'rgb_to_bgr'>,
>(o: O, { path }: { path: string }): O {
  const at = path ? ` at ${path}` : '';
  if ((o.mean === null) !== (o.std === null))
    throw new DetLabError(`Cannot use data_preprocessor${at}: mean and std must both be given or both be left out`);
  if (o.bgr_to_rgb && o.rgb_to_bgr)
    throw new DetLabError(`Cannot use data_preprocessor${at}: bgr_to_rgb and rgb_to_bgr exclude each other`);
  return o;
}

/** Each image is resized from its own size, before they are stacked. */
export class PPYOLOEDetDataPreprocessor extends DetDataPreprocessor {
  private readonly resize?: PPYOLOEBatchRandomResize;

  constructor({ batch_augments, ...rest }: z.output<typeof ppyoloeOptions>) {
    super({ ...rest, batch_augments: null });
    if (batch_augments) this.resize = new PPYOLOEBatchRandomResize(batch_augments[0]);
  }

  override forward(samples: PackedSample[], { training = false, iteration = 0 } = {}): DetBatch {
    if (!training || !this.resize || samples.length === 0) return super.forward(samples, { training, iteration });
    // normalisation and interpolation change places freely: both are linear, and weights add up to 1
    return this.resize.join(
      samples.map((sample) => super.forward([sample])),
      iteration,
    );
  }
}

const ppyoloeOptions = z.strictObject({
  ...preprocessorOptions.shape,
  batch_augments: z
    .array(ppyoloeBatchRandomResize)
    .length(1, 'expected one batch augmentation')
    .nullable()
    .default(null)
    .describe('The batch augmentation while training'),
});

export const ppyoloeDetDataPreprocessor = defineModule({
  kind: 'data_preprocessor',
  type: 'PPYOLOEDetDataPreprocessor',
  summary: "MMYOLO's for PP-YOLOE: images are resized to one size as they are stacked",
  origin: 'MMYOLO',
  shapes: '8-bit images of any size -> [N, H, W, 3] float32',
  example:
    "{ type: 'PPYOLOEDetDataPreprocessor', mean: [0, 0, 0], std: [255, 255, 255], bgr_to_rgb: true, batch_augments: [{ type: 'PPYOLOEBatchRandomResize', random_size_range: [320, 800] }] }",
  options: ppyoloeOptions,
  infer: checkedPreprocessor,
  build: (o) => new PPYOLOEDetDataPreprocessor(o),
});

export const yolov5DetDataPreprocessor = defineModule({
  kind: 'data_preprocessor',
  type: 'YOLOv5DetDataPreprocessor',
  summary: "MMYOLO's name of the same: its batches come stacked, which every batch here does",
  origin: 'MMYOLO',
  shapes: '8-bit images of any size -> [N, H, W, 3] float32',
  example: "{ type: 'YOLOv5DetDataPreprocessor', mean: [0, 0, 0], std: [255, 255, 255], bgr_to_rgb: true }",
  options: z.strictObject({
    ...preprocessorOptions.shape,
    non_blocking: ignoredOption('batches are copied while the step before runs', {
      schema: z.boolean().nullable().default(true),
      harmless: anyValue,
    }),
  }),
  infer: checkedPreprocessor,
  build: (o) => new DetDataPreprocessor(o),
});

export const detDataPreprocessor = defineModule({
  kind: 'data_preprocessor',
  type: 'DetDataPreprocessor',
  summary: 'Normalises images, puts their channels in order, pads them to one size and stacks them.',
  origin: 'MMDetection',
  shapes: '8-bit images of any size -> [N, H, W, 3] float32',
  example:
    "{ type: 'DetDataPreprocessor', mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375], bgr_to_rgb: true, pad_size_divisor: 32 }",
  options: preprocessorOptions,
  infer: checkedPreprocessor,
  build: (o) => new DetDataPreprocessor(o),
});
