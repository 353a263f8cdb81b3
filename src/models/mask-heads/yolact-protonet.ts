// YOLACTProtonet: prototypes of masks from the finest level; a mask is their sum with the coefficients of a detection, cut at its
// box (Bolya et al., YOLACT, ICCV 2019). While training a semantic branch learns besides; its classes are shifted by one, as in
// the reference, so that checkpoints can be trained on. Boxes are relative to the padded batch, which the prototypes are of;
// the reference takes the image's size. N images, P prototypes, k instances.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { anyValue, ignoredOption } from '../../catalogue/ignored-option';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { bilinearAxis, decodeRle, type Rle, resampleMask } from '../../masks';
import { applyInitCfg, type InitCfg, initCfg, Module } from '../../nn';
import { meanOverRanks } from '../../ops/over-ranks';
import { yolactTestCfg } from '../dense-heads/yolact-head';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import { type Loss, zeroLoss } from '../losses';
import { bce } from '../losses/binary-cross-entropy';
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
import { boxRegions, regionRows } from './box-regions';
import type { PrototypeMaskParts } from './image-mask-parts';
import { type MaskTruths, maskTruths, requireInstances, takePositives } from './instance-loss';
import { inputAxis, maskedDetections } from './mask-frames';
import { Protonet, SegmentationModule } from './protonet';
import { imageOf } from './solo-head';

const count = z.number().int().positive();
const options = z.strictObject({
  num_classes: count.optional().describe('Number of foreground classes'),
  in_channels: count.optional().describe('Channels of the feature levels'),
  proto_channels: z
    .array(count.nullable())
    .default([256, 256, 256, null, 256, 32])
    .describe('Channels of each layer; null: an upsampling, which keeps them'),
  proto_kernel_sizes: z
    .array(z.number().int())
    .default([3, 3, 3, -2, 3, 1])
    .describe('Kernel size of each layer; of an upsampling minus its factor'),
  include_last_relu: z.boolean().default(true).describe('ReLU after the last layer too'),
  num_protos: count.default(32).describe('Number of prototypes'),
  loss_mask_weight: z.number().default(1).describe('Factor on the mask loss'),
  max_masks_to_train: count.default(100).describe('Positives of an image whose masks are compared, at most'),
  with_seg_branch: z.boolean().default(true).describe('Learn a semantic map while training'),
  loss_segm: moduleOption('loss')
    .default({ type: 'CrossEntropyLoss', use_sigmoid: true, loss_weight: 1 })
    .describe('Loss of the semantic map'),
  train_cfg: ignoredOption('the bbox_head reads it', {
    schema: z.record(z.string(), z.unknown()).nullish(),
    harmless: anyValue,
  }),
  test_cfg: yolactTestCfg.nullish().describe('Post-processing, passed down by the detector'),
  init_cfg: initCfg
    .nullable()
    .default({ type: 'Xavier', distribution: 'uniform', override: { name: 'protonet' } } satisfies InitCfg)
    .describe('Weight initialisation'),
});
export type YOLACTProtonetConfig = z.output<typeof options> & { num_classes: number; in_channels: number };

type Size = [number, number];

export class YOLACTProtonet extends Module implements InstanceMaskHead {
  readonly numClasses: number;
  readonly numParameters: number;
  private readonly segmentation?: SegmentationModule;
  private readonly protonet: Protonet;
  private readonly lossSegm: Loss;

  constructor(
    private readonly config: YOLACTProtonetConfig,
    { registry, path }: BuildContext,
  ) {
    super();
    this.numClasses = config.num_classes;
    this.numParameters = config.num_protos;
    this.lossSegm = registry.build('loss', config.loss_segm, { path: `${path}.loss_segm` });
    if (config.with_seg_branch)
      this.segmentation = this.addChild('segm_branch', new SegmentationModule(config.in_channels, config.num_classes));
    this.protonet = this.addChild('protonet', new Protonet(config, path));
    applyInitCfg(this, config.init_cfg);
  }

  /** Prototypes, and the masks [k, H, W] of each image as probabilities, not cut. */
  forward([x]: tf.Tensor4D[], instances?: MaskInstances[]) {
    const prototypes = this.protonet.forward(x);
    return { prototypes, masks: instances?.map(({ parameters }, i) => probabilities(prototypes, i, parameters)) };
  }

  /** The prototypes of the batch [N, h, w, P]. */
  mapOf([x]: tf.Tensor4D[]): tf.Tensor4D {
    return this.protonet.forward(x);
  }

  /** How masks are made of them, for programs that cannot call `predict`, and read. */
  get parts(): PrototypeMaskParts {
    const { mask_thr: threshold } = requireCfg(this.config.test_cfg, 'YOLACTProtonet', 'test_cfg');
    return { cut: true, reading: { values: 'probabilities', cells: 'centered', threshold } };
  }

  /** `loss_mask` and `loss_segm`, each a list by image. */
  loss([x]: tf.Tensor4D[], batch: DetBatch, context: LossContext, given?: PositiveInstances[]): Losses {
    const instances = requireInstances(given, 'YOLACTProtonet');
    const prototypes = this.protonet.forward(x);
    const truths = batch.samples.map((_, i) => maskTruths(batch, i));
    const { max_masks_to_train: most } = this.config;
    const total = meanOverRanks(
      instances.reduce((sum, { truths: positives }) => sum + Math.min(positives.length, most), 0),
      1,
    );
    const loss_mask = instances.map((positives, i) =>
      tf.div<tf.Scalar>(this.maskLoss(prototypes, positives, truths[i], batch, i, context), total),
    );
    if (!this.segmentation) return { loss_mask };
    const logits = this.segmentation.forward(x);
    return { loss_mask, loss_segm: truths.map((ofImage, i) => this.semanticLoss(logits, ofImage, i)) };
  }

  /** Of one image: the sum over positives of their mean cross entropy, over the share of the image that their box has. */
  private maskLoss(
    prototypes: tf.Tensor4D,
    all: PositiveInstances,
    { rles }: MaskTruths,
    batch: DetBatch,
    image: number,
    { random }: LossContext,
  ): tf.Scalar {
    const found = all.truths.length;
    if (found === 0) return zeroLoss(this.protonet);
    const { max_masks_to_train: most, loss_mask_weight } = this.config;
    const rows = found > most ? random.permutation(found, most) : Int32Array.from({ length: found }, (_, k) => k);
    const { parameters, bboxes, truths } = takePositives(all, rows);
    const [, h, w] = prototypes.shape;
    const [height, width] = batch.batchShape;
    const n = truths.length;
    const columns = regionRows(boxRegions(bboxes, 'x', { cells: w, side: width }), w);
    const lines = regionRows(boxRegions(bboxes, 'y', { cells: h, side: height }), h);
    const cut = tf.mul(tf.tensor3d(columns, [n, 1, w]), tf.tensor3d(lines, [n, h, 1]));
    const predicted = tf.clipByValue(tf.mul(probabilities(prototypes, image, parameters), cut), 0, 1);
    const small = resized(rles, [h, w]);
    const targets = new Float32Array(n * h * w);
    for (const [k, truth] of truths.entries()) targets.set(small[truth], k * h * w);
    const entropy = tf.mean(bce(predicted, tf.tensor3d(targets, [n, h, w])), [1, 2]);
    const share = (k: number) =>
      ((bboxes[4 * k + 2] - bboxes[4 * k]) / width) * ((bboxes[4 * k + 3] - bboxes[4 * k + 1]) / height);
    const weights = Float32Array.from({ length: n }, (_, k) => loss_mask_weight / share(k));
    return tf.sum(tf.mul(entropy, tf.tensor1d(weights)));
  }

  private semanticLoss(logits: tf.Tensor4D, { instances, rles }: MaskTruths, image: number): tf.Scalar {
    const [images, h, w, classes] = logits.shape;
    if (rles.length === 0) return zeroLoss(this.segmentation!);
    const targets = new Float32Array(h * w * classes);
    for (const [k, mask] of resized(rles, [h, w]).entries()) {
      const channel = (instances.labels[k] + classes - 1) % classes;
      for (let p = 0; p < mask.length; p++) if (mask[p]) targets[p * classes + channel] = 1;
    }
    const rows = imageOf(logits, image)
      .cast('float32')
      .reshape<tf.Tensor2D>([h * w, classes]);
    const avgFactor = images * h * w;
    return this.lossSegm.forward(rows, tf.tensor2d(targets, [h * w, classes]), { avgFactor }) as tf.Scalar;
  }

  predict(
    [x]: tf.Tensor4D[],
    batch: DetBatch,
    { rescale }: { rescale: boolean },
    given?: FoundInstances,
  ): Detections[] {
    const { detections, instances } = requireInstances(given, 'YOLACTProtonet');
    const { mask_thr } = requireCfg(this.config.test_cfg, 'YOLACTProtonet', 'test_cfg');
    const prototypes = this.protonet.forward(x);
    const [, h, w] = prototypes.shape;
    const [height, width] = batch.batchShape;
    return detections.map((found, i) => {
      const { meta } = batch.samples[i];
      const columns = boxRegions(found.bboxes, 'x', { cells: w, side: width });
      const lines = boxRegions(found.bboxes, 'y', { cells: h, side: height });
      const frame = {
        rows: inputAxis('y', h, height, meta, rescale),
        columns: inputAxis('x', w, width, meta, rescale),
      };
      const values = tf.tidy(() =>
        found.scores.length > 0
          ? probabilities(prototypes, i, instances[i].parameters).dataSync<'float32'>()
          : new Float32Array(),
      );
      const masks: Rle[] = lines.map(({ first, end }, k) => {
        const grid = new Float32Array(h * w);
        const own = values.subarray(k * h * w, (k + 1) * h * w);
        for (let y = first; y < end; y++) {
          const [from, to] = [y * w + columns[k].first, y * w + Math.max(columns[k].end, columns[k].first)];
          grid.set(own.subarray(from, to), from);
        }
        return resampleMask(grid, [h, w], frame, mask_thr);
      });
      return maskedDetections(found, masks, meta, rescale);
    });
  }
}

/** Of the masks [k, H, W] of an image, from prototypes [N, H, W, P] and coefficients [k, P]. */
function probabilities(prototypes: tf.Tensor4D, image: number, coefficients: tf.Tensor2D): tf.Tensor3D {
  const [, h, w, protos] = prototypes.shape;
  const pixels = imageOf(prototypes, image).reshape<tf.Tensor2D>([h * w, protos]);
  const sums = tf.matMul(coefficients, pixels, false, true).cast('float32');
  return tf.sigmoid(sums.reshape<tf.Tensor3D>([coefficients.shape[0], h, w]));
}

/** Masks of 0 and 1 at another size, bilinear: 1 above one half. */
const resized = (rles: readonly Rle[], [h, w]: Size): Uint8Array[] =>
  rles.map((mask) => {
    const frame = { rows: bilinearAxis(mask.height, h), columns: bilinearAxis(mask.width, w) };
    return decodeRle(resampleMask(Float32Array.from(decodeRle(mask)), [mask.height, mask.width], frame, 0.5));
  });

export const yolactProtonetDefinition = defineModule({
  kind: 'mask_head',
  type: 'YOLACTProtonet',
  summary: 'Prototypes whose sum, with the coefficients of a detection, is its mask',
  paper: 'Bolya et al., YOLACT: Real-time Instance Segmentation, ICCV 2019',
  shapes: 'feature levels [N, H, W, C] and detections with coefficients -> detections with masks',
  example: "{ type: 'YOLACTProtonet', num_classes: 80, in_channels: 256, num_protos: 32, loss_mask_weight: 6.125 }",
  options,
  inferred: denseHeadInferred,
  infer: (given, context) => inferDenseHead('YOLACTProtonet', given, context),
  build: (given, context) => new YOLACTProtonet(given as YOLACTProtonetConfig, context),
});
