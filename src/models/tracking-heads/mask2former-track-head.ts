// Mask2FormerTrackHead: queries that attend to the pixels of their masks in all frames of a clip, each an object of the whole clip (Cheng
// et al., Mask2Former for Video Instance Segmentation, arXiv 2021). Frames are below one another where a mask is one map. Unlike the
// reference, what has no pixel in a frame is not found in it, and fewer than ten candidates are no error.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import { takeInstances } from '../../data/instances';
import type { Detections } from '../../data/types';
import { DetLabError } from '../../errors';
import { type Bitmap, boxesOfMasks, type Rle, rleArea } from '../../masks';
import { pointSample } from '../../ops/point-sample';
import { topIndices } from '../../ops/top-indices';
import { inferNumClasses } from '../inferred-options/infer-num-classes';
import { SinePositionalEncoding3D } from '../layers/positional-encodings';
import type { ComparedMasks, MaskPredictions, MatchedMask } from '../seg-heads/mask-query-head';
import { type MaskTruths, maskAtPoints, maskTruthsOf } from '../seg-heads/mask-truths';
import { type Mask2FormerConfig, Mask2FormerHead, mask2FormerOptions } from '../seg-heads/mask2former-head';
import { rleOfChannel } from '../seg-heads/panoptic-fusion-heads/rle-of-channel';
import { visitResizedMaps } from '../seg-heads/resized-maps';
import type { DetBatch, LossContext, Losses } from '../types';

const { num_things_classes: _things, num_stuff_classes: _stuff, ...shared } = mask2FormerOptions;
const options = z.strictObject({
  ...shared,
  num_classes: z.int().positive().optional().describe('Number of classes'),
  num_frames: z.int().positive().default(2).describe('Frames of a clip in training'),
  positional_encoding: moduleOption('positional_encoding')
    .default({ type: 'SinePositionalEncoding3D', num_feats: 128, normalize: true } as { type: string })
    .describe('Encoding of the frame and place of what queries attend to'),
  test_cfg: z.null().optional().describe('Only null: the ten best objects are given'),
});
type Given = z.output<typeof options> & { num_classes: number };

/** Objects of a video that are given. */
const BEST = 10;

export class Mask2FormerTrackHead extends Mask2FormerHead {
  private readonly inClips: SinePositionalEncoding3D;
  private readonly numFrames: number;

  constructor({ num_classes, num_frames, positional_encoding, ...config }: Given, context: BuildContext) {
    // the encoding of images is that of a clip's frames
    const { type: _, ...sine } = positional_encoding as { type: string; num_feats: number };
    const classes = { num_things_classes: num_classes, num_stuff_classes: 0 };
    super({ ...config, ...classes, positional_encoding: sine } as unknown as Mask2FormerConfig, context);
    const { registry, path } = context;
    const encoding = registry.build('positional_encoding', positional_encoding, {
      path: `${path}.positional_encoding`,
    });
    if (!(encoding instanceof SinePositionalEncoding3D))
      throw new DetLabError(
        `Cannot build Mask2FormerTrackHead at ${path}: positional_encoding must be a SinePositionalEncoding3D, received "${positional_encoding.type}"`,
      );
    this.inClips = encoding;
    this.numFrames = num_frames;
  }

  protected override encode(shape: [number, number, number, number]): tf.Tensor {
    return this.inClips.forward(shape);
  }

  /** In prediction the images of a batch are the frames of one clip. */
  protected override clipLength(images: number, { clips }: DetBatch): number {
    if (!clips) return images;
    if (clips.length === this.numFrames) return clips.length;
    throw new DetLabError(
      `Cannot train Mask2FormerTrackHead: its num_frames is ${this.numFrames}, but clips have ${clips.length} frames. Set num_ref_imgs in ` +
        `UniformRefFrameSample of the pipeline to ${this.numFrames - 1}`,
    );
  }

  override loss(levels: tf.Tensor4D[], batch: DetBatch, context: LossContext): Losses {
    const layers = this.forward(levels, batch);
    const { length, keys } = batch.clips ?? { length: batch.samples.length, keys: [0] };
    const places = keys.map((key, i) => i * length + key);
    const truths = keys.map((key, i) => this.clipTruths(batch, i * length, length, key));
    return this.lossesOf(layers, truths, { ...batch, samples: places.map((i) => batch.samples[i]) }, context);
  }

  /** The objects of a clip, each with a mask for every frame, one after the other. */
  private clipTruths({ samples, batchShape }: DetBatch, first: number, length: number, key: number): MaskTruths {
    const frames = samples.slice(first, first + length).map((sample) => {
      const truths = maskTruthsOf(sample, { num_things_classes: this.numThings, num_stuff_classes: 0 });
      const { ignored, instanceIds = new Int32Array(ignored.length) } = sample.truths;
      return { ...truths, ids: instanceIds.filter((_, i) => ignored[i] === 0) };
    });
    const ids = [...new Set(frames.flatMap((frame) => [...frame.ids]))].sort((a, b) => a - b);
    const [height, width] = batchShape;
    const nowhere: Bitmap = { data: new Uint8Array(height * width), width, height };
    const places = ids.map((id) => frames.map((frame) => frame.ids.lastIndexOf(id)));
    return {
      labels: Int32Array.from(places, (at) => {
        const last = at.findLastIndex((place) => place >= 0);
        return frames[last].labels[at[last]];
      }),
      bitmaps: places.flatMap((at) => at.map((place, t) => frames[t].bitmaps[place] ?? nowhere)),
      kinds: new Uint8Array(ids.length),
      boxes: Float32Array.from(
        places.flatMap((at) => [...frames[key].boxes.subarray(4 * at[key], 4 * at[key] + 4), 0, 0, 0, 0].slice(0, 4)),
      ),
    };
  }

  /** The key frame's. */
  protected override shown(masks: tf.Tensor3D, clip: number, { clips }: DetBatch): tf.Tensor3D {
    const { length, keys } = clips ?? { length: 1, keys: [0] };
    const height = masks.shape[1] / length;
    return tf.slice(masks, [0, keys[clip] * height, 0], [-1, height, -1]);
  }

  /** At the same points of every frame. */
  protected override compared(
    masks: tf.Tensor3D,
    { bitmaps, labels }: MaskTruths,
    { batchShape, clips }: DetBatch,
    { random }: LossContext,
  ): ComparedMasks {
    const { num_points: count } = this.points;
    const length = clips?.length ?? bitmaps.length / labels.length;
    const points = Float32Array.from({ length: 2 * count }, () => random.uniform());
    const [queries, height, width] = masks.shape;
    const maps = masks.reshape([queries * length, height / length, width]);
    const map = tf.transpose(maps, [1, 2, 0]).expandDims<tf.Tensor4D>(0);
    const sampled = pointSample(map, tf.tensor3d(points, [1, count, 2])).squeeze<tf.Tensor2D>([0]);
    const truth = new Float32Array(bitmaps.length * count);
    for (const [k, bitmap] of bitmaps.entries()) truth.set(maskAtPoints(bitmap, points, batchShape), k * count);
    return { predicted: tf.transpose(sampled).dataSync<'float32'>(), truth };
  }

  /** Every frame of a matched mask has points of its own. */
  protected override maskLosses(
    logits: tf.Tensor3D,
    truths: readonly MaskTruths[],
    matched: readonly MatchedMask[],
    divisor: number,
    batch: DetBatch,
    context: LossContext,
  ): { mask: tf.Scalar; dice: tf.Scalar } {
    const length = batch.clips?.length ?? 1;
    const [count, height, width] = logits.shape;
    const frames: tf.Tensor3D = logits.reshape([count * length, height / length, width]);
    const each = matched.flatMap((one) =>
      Array.from({ length }, (_, t): MatchedMask => ({ ...one, truth: one.truth * length + t })),
    );
    return super.maskLosses(frames, truths, each, divisor, batch, context, length);
  }

  /** The best objects of a clip in each of its frames, with ids; in pixels of the original images with `rescale`. */
  predict({ scores, masks }: MaskPredictions, batch: DetBatch, { rescale }: { rescale: boolean }): Detections[] {
    const { numClasses: classes } = this;
    const [, queries, height, width] = masks.shape;
    const likely = tf.softmax(scores.cast<tf.Tensor3D>('float32'));
    const values = tf.slice(likely, [0, 0, 0], [1, queries, classes]).dataSync<'float32'>();
    const top = topIndices(values, Math.min(BEST, values.length));
    const all = {
      scores: Float32Array.from(top, (i) => values[i]),
      labels: Int32Array.from(top, (i) => i % classes),
      instanceIds: Int32Array.from(top, (_, k) => k),
    };
    const length = batch.samples.length;
    const chosen = tf.tensor1d(
      top.map((i) => Math.floor(i / classes)),
      'int32',
    );
    const tubes = tf
      .gather(masks.squeeze<tf.Tensor3D>([0]), chosen)
      .reshape([top.length, length, height / length, width]);
    return batch.samples.map((_, t) => {
      const rles: Rle[] = [];
      const own = tf.slice(tubes, [0, t, 0, 0], [-1, 1, -1, -1]).squeeze<tf.Tensor3D>([1]);
      visitResizedMaps(own, batch, t, { rescale }, (maps) => {
        const [count, rows, columns] = maps.shape;
        const inside = tf.greater(maps, 0).dataSync();
        for (let k = 0; k < count; k++) rles.push(rleOfChannel(inside, k, rows, columns));
      });
      const [{ height: rows, width: columns }] = rles;
      const bboxes = boxesOfMasks({ kind: 'bitmap', height: rows, width: columns, masks: rles });
      const seen = [...rles.keys()].filter((k) => rleArea(rles[k]) > 0);
      return takeInstances({ bboxes, ...all, masks: rles }, seen);
    });
  }
}

export const mask2FormerTrackHeadDefinition = defineModule({
  kind: 'track_head',
  type: 'Mask2FormerTrackHead',
  summary:
    'Queries that attend to the pixels of their masks in all frames of a clip, each an object with a class and masks',
  paper: 'Cheng et al., Mask2Former for Video Instance Segmentation, arXiv 2021',
  shapes: 'levels [N * T, H, W, C] -> by layer, logits [N, Q, classes + 1] and masks [N, Q, T * h, w]',
  example: `{
  type: 'Mask2FormerTrackHead',
  in_channels: [256, 512, 1024, 2048],
  feat_channels: 256,
  out_channels: 256,
  num_classes: 40,
  pixel_decoder: { type: 'MSDeformAttnPixelDecoder', encoder: { num_layers: 6, layer_cfg: { self_attn_cfg: { num_levels: 3 } } } },
  transformer_decoder: { num_layers: 9, layer_cfg: {} },
}`,
  options,
  forwards: {
    pixel_decoder: { in_channels: 'in_channels', feat_channels: 'feat_channels', out_channels: 'out_channels' },
  },
  inferred: { in_channels: "the features' channels", num_classes: 'the classes of the dataset' },
  infer: (given, context) => ({
    ...given,
    in_channels: given.in_channels ?? context.inputs?.map(({ channels }) => channels),
    num_classes: inferNumClasses('Mask2FormerTrackHead', given.num_classes, context),
  }),
  build: (given, context) => new Mask2FormerTrackHead(given as Given, context),
});
