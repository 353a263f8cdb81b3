// DeepSORT and StrongSORT: a detector, a model that sees what objects look like (without one it is SORT), and a tracker that matches by
// both. The parts are trained by configs of their own. Each detection takes its embedding along, and StrongSORT's frames their brightness,
// so that the tracker needs no network.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, type ModuleConfig, moduleOption } from '../../catalogue/registry';
import type { Detections, PackedSample, PixelImage } from '../../data/types';
import { DetLabError } from '../../errors';
import { interpolate } from '../../ops';
import { BaseReID } from '../reid';
import { AppearanceFreeLink, appearanceFreeLink } from '../task-modules/tracking/appearance-free-link';
import {
  type CameraMotion,
  cameraMotion,
  cameraMotionCompensation,
  grayFrame,
} from '../task-modules/tracking/camera-motion-compensation';
import type { AppearanceRequest, Tracker } from '../trackers';
import type { DetBatch, Losses } from '../types';
import { EXAMPLE_DETECTOR, TrackingDetector, trackingOptions } from './tracking-detector';

const deepOptions = z.strictObject({
  ...trackingOptions.shape,
  reid: moduleOption('detector').nullish().describe('Sees what objects look like: BaseReID; none for SORT'),
});
const strongOptions = z.strictObject({
  ...deepOptions.shape,
  cmc: cameraMotionCompensation.nullish().describe('Finds out how the camera moves'),
  postprocess_model: appearanceFreeLink.nullish().describe('Joins the tracks of a whole video in the end'),
});
type Options = z.output<typeof deepOptions>;

/** How the pixels that a detector sees were made. */
interface PixelRule {
  mean: readonly number[];
  std: readonly number[];
  order: PixelImage['order'];
}

export class DeepSORT extends TrackingDetector {
  private readonly reid?: BaseReID;
  private readonly appearance?: AppearanceRequest;
  protected readonly pixels: PixelRule;

  constructor(given: Options, context: BuildContext) {
    super(given, context);
    const { registry, path } = context;
    const { appearance } = this.startTracker;
    this.appearance = appearance;
    this.pixels = pixelRule(given.data_preprocessor ?? (given.detector.data_preprocessor as ModuleConfig | undefined));
    if (Boolean(given.reid) !== Boolean(appearance))
      throw new DetLabError(
        `Cannot build ${path}: ` +
          (appearance
            ? `its ${given.tracker.type} compares what objects look like, but there is no reid. Give one, or set tracker.reid to null`
            : `its ${given.tracker.type} does not compare what objects look like, so that its reid would not be used. Remove one of them`),
      );
    if (given.reid) this.reid = this.addChild('reid', buildReID(given.reid, { registry, path: `${path}.reid` }));
  }

  override preprocess(samples: PackedSample[], iteration?: number): DetBatch {
    if (this.training) this.refuseTraining();
    return super.preprocess(samples, iteration);
  }

  override loss(): Losses {
    return this.refuseTraining();
  }

  private refuseTraining(): never {
    throw new DetLabError(
      'Cannot train a detector, a reid and a tracker at once. Train the detector and the reid by configs of their own, and load their ' +
        "weights by init_cfg: { type: 'Pretrained', checkpoint } of detector and reid",
    );
  }

  override predict(batch: DetBatch, { rescale = true } = {}): Detections[] {
    const found = super.predict(batch, { rescale });
    const { reid, appearance } = this;
    if (!reid || !appearance) return found;
    return found.map((detections, i) => ({
      ...detections,
      embeddings: this.embeddings(reid, appearance, batch, i, detections, rescale),
    }));
  }

  /** One row for each detection [n, C]; zeros below the threshold of the tracker. */
  private embeddings(
    reid: BaseReID,
    { threshold, size, pixels }: AppearanceRequest,
    { inputs, samples }: DetBatch,
    image: number,
    { bboxes, scores }: Detections,
    rescale: boolean,
  ): Float32Array {
    const rows = new Float32Array(scores.length * reid.channels);
    const used = [...scores.keys()].filter((i) => scores[i] > Math.fround(threshold));
    if (used.length === 0) return rows;
    const values = tf.tidy(() => {
      const whole = tf.slice4d(inputs, [image, 0, 0, 0], [1, -1, -1, -1]);
      const seen = pixels ? renormalized(whole, this.pixels, pixels) : whole;
      const crops = used.map((i) => {
        const [x, y, w, h] = cropOf(bboxes.subarray(4 * i, 4 * i + 4), samples[image], rescale);
        return interpolate(tf.slice4d(seen, [0, y, x, 0], [1, h, w, 3]), { size: [...size], mode: 'bilinear' });
      });
      return reid.embed(tf.concat(crops, 0)).dataSync<'float32'>();
    });
    for (const [k, i] of used.entries())
      rows.set(values.subarray(k * reid.channels, (k + 1) * reid.channels), i * reid.channels);
    return rows;
  }
}

export class StrongSORT extends DeepSORT {
  private readonly camera?: CameraMotion;
  private readonly linking?: AppearanceFreeLink;

  constructor(given: z.output<typeof strongOptions>, context: BuildContext) {
    super(given, context);
    if (given.cmc) this.camera = cameraMotion(given.cmc, `${context.path}.cmc`);
    if (given.cmc && !this.startTracker.followsCamera)
      throw new DetLabError(
        `Cannot build ${context.path}: its ${given.tracker.type} does not follow the camera, so that cmc would not be used. Use ` +
          'StrongSORTTracker, or remove cmc',
      );
    if (given.postprocess_model)
      this.linking = this.addChild('postprocess_model', new AppearanceFreeLink(given.postprocess_model));
  }

  override get tracker(): () => Tracker {
    return () => this.startTracker(this.camera);
  }

  get linkTracks(): ((frames: readonly Detections[]) => Detections[]) | undefined {
    return this.linking && ((frames) => this.linking!.link(frames));
  }

  override predict(batch: DetBatch, options: { rescale?: boolean } = {}): Detections[] {
    const found = super.predict(batch, options);
    if (!this.camera) return found;
    const [, height, width] = batch.inputs.shape;
    const { order } = this.pixels;
    const values = batch.inputs.dataSync<'float32'>();
    return found.map((detections, i) => {
      const scale = options.rescale === false ? ([1, 1] as const) : batch.samples[i].meta.scaleFactor;
      const seen = values.subarray(i * height * width * 3, (i + 1) * height * width * 3);
      return { ...detections, image: grayFrame(seen, { width, height, order, scale }) };
    });
  }
}

function buildReID(config: ModuleConfig, context: Pick<BuildContext, 'registry' | 'path'>): BaseReID {
  const { registry, path } = context;
  const reid = registry.build('detector', config, context);
  if (!(reid instanceof BaseReID))
    throw new DetLabError(`Cannot use ${config.type} at ${path}: expected a model of embeddings, such as BaseReID`);
  const own = Object.keys((config.data_preprocessor ?? {}) as object).filter((key) => key !== 'type');
  if (own.length > 0)
    throw new DetLabError(
      `Cannot build ${path}: its data_preprocessor is not used where the pixels come from the detector (${own.join(', ')}). Give ` +
        'img_norm_cfg in tracker.reid',
    );
  return reid;
}

function pixelRule(preprocessor: ModuleConfig | undefined): PixelRule {
  const { mean, std, bgr_to_rgb }: Partial<ModuleConfig> = preprocessor ?? {};
  const channels = (values: unknown, absent: number) =>
    Array.isArray(values)
      ? [0, 1, 2].map((c): number => values[values.length === 1 ? 0 : c])
      : [absent, absent, absent];
  return { mean: channels(mean, 0), std: channels(std, 1), order: bgr_to_rgb === true ? 'rgb' : 'bgr' };
}

/** The same pixels [1, H, W, 3] under another normalisation and order of channels. */
function renormalized(image: tf.Tensor4D, from: PixelRule, to: NonNullable<AppearanceRequest['pixels']>): tf.Tensor4D {
  const pixels = tf.add<tf.Tensor4D>(tf.mul(image, tf.tensor1d([...from.std])), tf.tensor1d([...from.mean]));
  const ordered = (from.order === 'rgb') === to.to_rgb ? pixels : tf.reverse(pixels, 3);
  return tf.div(tf.sub(ordered, tf.tensor1d([...to.mean])), tf.tensor1d([...to.std]));
}

/** Left, top, width and height of the pixels in a box, at least one. */
function cropOf(box: Float32Array, { meta }: PackedSample, rescale: boolean): [number, number, number, number] {
  const [height, width] = meta.imgShape;
  const scale = rescale ? meta.scaleFactor : [1, 1];
  const side = (k: number, least: number, most: number) =>
    Math.trunc(Math.min(Math.max(Math.fround(box[k] * Math.fround(scale[k % 2])), least), most));
  const [x, y] = [side(0, 0, width - 1), side(1, 0, height - 1)];
  return [x, y, Math.max(side(2, 1, width) - x, 1), Math.max(side(3, 1, height) - y, 1)];
}

const EXAMPLE_REID = `{
    type: 'BaseReID',
    backbone: { type: 'mmpretrain.ResNet', depth: 18 },
    neck: { type: 'GlobalAveragePooling', kernel_size: [8, 4], stride: 1 },
    head: {
      type: 'LinearReIDHead',
      num_fcs: 1,
      in_channels: 512,
      fc_channels: 256,
      out_channels: 128,
      loss_triplet: { type: 'TripletLoss' },
    },
  }`;
const shapes = 'images -> boxes [n, 4], scores [n] and labels [n] of each; of the frames of a video also ids [n]';

export const deepSORTDefinition = defineModule({
  kind: 'detector',
  type: 'DeepSORT',
  summary:
    'DeepSORT: a detector whose detections are tracked by what they look like and by overlap; SORT without a reid',
  paper: 'Wojke, Bewley and Paulus: Simple Online and Realtime Tracking with a Deep Association Metric, ICIP 2017',
  shapes,
  example: `{
  type: 'DeepSORT',
  data_preprocessor: { type: 'TrackDataPreprocessor', pad_size_divisor: 32 },
  detector: ${EXAMPLE_DETECTOR},
  reid: ${EXAMPLE_REID},
  tracker: { type: 'SORTTracker', obj_score_thr: 0.5, reid: { num_samples: 10, img_scale: [256, 128], match_score_thr: 2 } },
}`,
  options: deepOptions,
  build: (given, context) => new DeepSORT(given, context),
});

export const strongSORTDefinition = defineModule({
  kind: 'detector',
  type: 'StrongSORT',
  summary: 'StrongSORT: DeepSORT that follows the camera, and joins the tracks of a video in the end',
  paper: 'Du et al., StrongSORT: Make DeepSORT Great Again, IEEE Transactions on Multimedia 2023',
  shapes,
  example: `{
  type: 'StrongSORT',
  data_preprocessor: { type: 'TrackDataPreprocessor', pad_size_divisor: 32 },
  detector: ${EXAMPLE_DETECTOR},
  reid: ${EXAMPLE_REID},
  cmc: { type: 'CameraMotionCompensation', num_iters: 100, stop_eps: 0.00001 },
  tracker: { type: 'StrongSORTTracker', motion: { type: 'KalmanFilter', use_nsa: true }, momentums: { embeds: 0.1 } },
  postprocess_model: { type: 'AppearanceFreeLink', checkpoint: 'aflink_motchallenge.pth' },
}`,
  options: strongOptions,
  build: (given, context) => new StrongSORT(given, context),
});
