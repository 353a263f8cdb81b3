// CondInstMaskHead: each instance's mask by a network of its own on one map of the image (Tian et al., Conditional Convolutions for
// Instance Segmentation, ECCV 2020). Masks are computed for the positives that are compared alone, where the reference
// computes those of all positives first. N images, n instances.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { DetLabError } from '../../errors';
import { alignedAxis, decodeRle, type Rle, resampleMask } from '../../masks';
import { Module } from '../../nn';
import { alignedBilinear } from '../../ops';
import { meanOverRanks } from '../../ops/over-ranks';
import { instanceTestCfg } from '../dense-heads/instance-test-cfg';
import { inferHeadChannels } from '../inferred-options/infer-head-channels';
import { type Loss, zeroLoss } from '../losses';
import { requireCfg } from '../require-cfg';
import type {
  DetBatch,
  FoundInstances,
  InstanceMaskHead,
  LossContext,
  Losses,
  MaskInstances,
  PositiveInstances,
} from '../types';
import { CondInstFeatureBranch, type FeatureBranchConfig, featureBranchOption } from './condinst-feature-branch';
import { countParameters, type DynamicNetwork, dynamicMasks } from './dynamic-masks';
import type { DynamicMaskParts } from './image-mask-parts';
import { type MaskTruths, maskTruths, requireInstances, takePositives } from './instance-loss';
import { imageFrame, maskedDetections } from './mask-frames';
import { selectPositives } from './select-positives';
import { imageOf } from './solo-head';

const count = z.number().int().positive();
const limit = z.number().int().min(-1).default(-1);
export const condInstMaskOptions = {
  mask_feature_head: featureBranchOption,
  num_layers: count.default(3).describe('Layers of the network of an instance'),
  feat_channels: count.default(8).describe('Hidden channels of the network of an instance'),
  mask_out_stride: count.default(4).describe('Stride at which masks are compared'),
  size_of_interest: count.default(8).describe('Relative places are in so many strides of the point of an instance'),
  max_masks_to_train: limit.describe('Positives of an image whose masks are compared, at most; -1: all'),
  topk_masks_per_img: limit.describe('Best positives of an image that are compared, as many of each object; -1: all'),
  loss_mask: moduleOption('loss').describe('Mask loss'),
  train_cfg: ignoredOption('the assignment is fixed', {
    schema: z.record(z.string(), z.unknown()).nullish(),
    harmless: [{}],
  }),
  test_cfg: instanceTestCfg.nullish().describe('Post-processing, passed down by the detector'),
};
const options = z.strictObject(condInstMaskOptions);
export type CondInstMaskHeadConfig = z.output<typeof options> & { mask_feature_head: FeatureBranchConfig };

/** The positives of an image that are compared: logits [k, H, W], and their objects. */
export interface ComparedMasks {
  image: number;
  logits: tf.Tensor3D;
  truths: Int32Array;
  objects: MaskTruths;
}

export class CondInstMaskHead<C extends CondInstMaskHeadConfig = CondInstMaskHeadConfig>
  extends Module
  implements InstanceMaskHead
{
  readonly numParameters: number;
  protected readonly lossMask: Loss;
  private readonly network: DynamicNetwork;
  private readonly branch: CondInstFeatureBranch;

  constructor(
    protected readonly config: C,
    { registry, path, inputs }: BuildContext,
  ) {
    super();
    const { mask_feature_head: features, num_layers: layers, feat_channels: hidden, mask_out_stride } = config;
    const name = this.constructor.name;
    if (inputs && features.end_level >= inputs.length)
      throw new DetLabError(
        `Cannot build ${name} at ${path}: mask_feature_head.end_level is ${features.end_level}, but the feature levels are ` +
          `0 to ${inputs.length - 1}`,
      );
    if (features.mask_stride % mask_out_stride !== 0)
      throw new DetLabError(
        `Cannot build ${name} at ${path}: mask_feature_head.mask_stride is ${features.mask_stride}, which is no multiple of ` +
          `mask_out_stride, ${mask_out_stride}`,
      );
    this.network = { inChannels: features.out_channels, hidden, layers };
    this.numParameters = countParameters(this.network);
    this.lossMask = registry.build('loss', config.loss_mask, { path: `${path}.loss_mask` });
    this.branch = this.addChild('mask_feature_head', new CondInstFeatureBranch(features));
  }

  /** The map of the batch, and the logits [n, H, W] of each image. */
  forward(features: tf.Tensor4D[], instances?: MaskInstances[]) {
    const map = this.branch.forward(features);
    return { map, masks: instances?.map((ofImage, i) => this.logits(map, i, ofImage)) };
  }

  /** The map of the batch [N, h, w, C]. */
  mapOf(features: tf.Tensor4D[]): tf.Tensor4D {
    return this.branch.forward(features);
  }

  /** How masks are computed of it, for programs that cannot call `predict`, and read. */
  get parts(): DynamicMaskParts {
    const { size_of_interest, mask_out_stride, mask_feature_head, test_cfg } = this.config;
    const { mask_stride } = mask_feature_head;
    const { mask_thr } = requireCfg(test_cfg, this.constructor.name, 'test_cfg');
    return {
      network: this.network,
      origin: [mask_stride / 2, mask_stride / 2],
      steps: [mask_stride, mask_stride],
      reach: size_of_interest,
      enlarged: mask_stride / mask_out_stride,
      reading: { values: 'probabilities', cells: { aligned: mask_out_stride }, threshold: mask_thr },
    };
  }

  /** Logits [n, H, W] at `mask_out_stride`. */
  protected logits(
    map: tf.Tensor4D,
    image: number,
    { parameters, priors }: Omit<MaskInstances, 'bboxes'>,
  ): tf.Tensor3D {
    const n = parameters.shape[0];
    const { size_of_interest, mask_out_stride, mask_feature_head } = this.config;
    const stride = mask_feature_head.mask_stride;
    const [, h, w] = map.shape;
    /** (center - place) / (stride of the instance * size of interest), of every column or row. */
    const places = (cells: number, axis: 0 | 1) =>
      Float32Array.from({ length: n * cells }, (_, k) => {
        const i = Math.floor(k / cells);
        const place = ((k % cells) + 0.5) * stride;
        return Math.fround(priors[4 * i + axis] - place) / Math.fround(priors[4 * i + 2] * size_of_interest);
      });
    const inputs = { features: imageOf(map, image), parameters, x: places(w, 0), y: places(h, 1) };
    const masks = dynamicMasks(inputs, this.network);
    const factor = stride / mask_out_stride;
    return factor === 1 ? masks : alignedBilinear(masks.expandDims<tf.Tensor4D>(3), factor).squeeze<tf.Tensor3D>([3]);
  }

  loss(features: tf.Tensor4D[], batch: DetBatch, context: LossContext, given?: PositiveInstances[]): Losses {
    const instances = requireInstances(given, this.constructor.name);
    const map = this.branch.forward(features);
    const compared: ComparedMasks[] = [];
    for (const [image, all] of instances.entries()) {
      if (all.truths.length === 0) continue;
      const chosen = takePositives(all, selectPositives(all, this.config, context.random));
      const objects = maskTruths(batch, image);
      compared.push({ image, logits: this.logits(map, image, chosen), truths: chosen.truths, objects });
    }
    const positives = meanOverRanks(
      compared.reduce((sum, { truths }) => sum + truths.length, 0),
      1,
    );
    return this.compare(compared, positives, batch, context);
  }

  /** The losses, from the masks that are compared; `positives` divides those of single masks. */
  protected compare(
    compared: readonly ComparedMasks[],
    positives: number,
    _batch: DetBatch,
    _context: LossContext,
  ): Losses {
    if (compared.length === 0) return { loss_mask: zeroLoss(this) };
    const sums = compared.map(({ logits, truths, objects }) =>
      tf.sum(this.lossMask.forward(logits, this.targets(objects, truths, logits.shape), { reduction: 'none' })),
    );
    return { loss_mask: tf.div<tf.Scalar>(tf.addN(sums), positives) };
  }

  /** The masks of the objects [k, H, W], read at every `mask_out_stride`-th pixel. */
  protected targets({ rles }: MaskTruths, truths: Int32Array, [k, h, w]: [number, number, number]): tf.Tensor3D {
    const small = new Map<number, Float32Array>();
    const values = new Float32Array(k * h * w);
    for (const [i, truth] of truths.entries()) {
      let mask = small.get(truth);
      if (!mask) small.set(truth, (mask = everyNthPixel(rles[truth], this.config.mask_out_stride, h, w)));
      values.set(mask, i * h * w);
    }
    return tf.tensor3d(values, [k, h, w]);
  }

  predict(
    features: tf.Tensor4D[],
    batch: DetBatch,
    { rescale }: { rescale: boolean },
    given?: FoundInstances,
  ): Detections[] {
    const { detections, instances } = requireInstances(given, this.constructor.name);
    const { mask_thr } = requireCfg(this.config.test_cfg, this.constructor.name, 'test_cfg');
    const map = this.branch.forward(features);
    return detections.map((found, i) => {
      const { meta } = batch.samples[i];
      if (found.scores.length === 0) return maskedDetections(found, [], meta, rescale);
      const { values, h, w } = tf.tidy(() => {
        const masks = tf.sigmoid(this.logits(map, i, instances[i]));
        return { values: masks.dataSync<'float32'>(), h: masks.shape[1], w: masks.shape[2] };
      });
      const { mask_out_stride: stride } = this.config;
      const frame = imageFrame({ rows: alignedAxis(h, stride), columns: alignedAxis(w, stride) }, meta, rescale);
      const masks = Array.from(found.scores, (_, k) =>
        resampleMask(values.subarray(k * h * w, (k + 1) * h * w), [h, w], frame, mask_thr),
      );
      return maskedDetections(found, masks, meta, rescale);
    });
  }
}

/** From the middle of the first stride on [h * w]. */
export function everyNthPixel(mask: Rle, stride: number, h: number, w: number): Float32Array {
  const bitmap = decodeRle(mask);
  const start = Math.floor(stride / 2);
  return Float32Array.from({ length: h * w }, (_, p) => {
    const [x, y] = [start + stride * (p % w), start + stride * Math.floor(p / w)];
    return x < mask.width && y < mask.height ? bitmap[y * mask.width + x] : 0;
  });
}

/** The channels of the feature levels, in the options of the branch. */
export function inferFeatureBranch<O extends { mask_feature_head: { in_channels?: number } }>(
  type: string,
  given: O,
  context: BuildContext,
): O {
  const { mask_feature_head: branch } = given;
  const in_channels = inferHeadChannels(`mask_feature_head of ${type}`, branch.in_channels, context);
  return { ...given, mask_feature_head: { ...branch, in_channels } };
}

export const condInstMaskHeadDefinition = defineModule({
  kind: 'mask_head',
  type: 'CondInstMaskHead',
  summary: 'Masks by a small network of each instance, whose weights the bbox_head predicts',
  paper: 'Tian et al., Conditional Convolutions for Instance Segmentation, ECCV 2020',
  shapes: 'feature levels [N, H, W, C] and detections with weights -> detections with masks',
  example:
    "{ type: 'CondInstMaskHead', mask_feature_head: { in_channels: 256, feat_channels: 128, start_level: 0, end_level: 2, out_channels: 8, mask_stride: 8 }, loss_mask: { type: 'DiceLoss', eps: 5e-6 } }",
  options,
  infer: (given, context) => inferFeatureBranch('CondInstMaskHead', given, context),
  build: (given, context) => new CondInstMaskHead(given as CondInstMaskHeadConfig, context),
});
