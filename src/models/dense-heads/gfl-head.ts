// GFLHead: class scores that learn the quality of the box, and sides of the box as distributions over whole numbers of
// strides (Li et al., Generalized Focal Loss, NeurIPS 2020).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { takeBoxes } from '../../geometry/boxes';
import {
  applyInitCfg,
  Conv2d,
  type ConvModule,
  convCfg,
  initCfg,
  Module,
  ModuleList,
  type NormCfg,
  normCfg,
  Scale,
} from '../../nn';
import { stopGradient } from '../../ops';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import type { Loss, QualityFocalLoss } from '../losses';
import { boxPair } from '../losses/box-pair';
import type { PredictionPart, Predictions } from '../task-modules';
import type { DetBatch, LossContext, Losses } from '../types';
import { AnchorDetectionHead, type AnchorDetectionHeadConfig } from './anchor-detection-head';
import type { FlatOutputs, HeadOutputs } from './anchor-head';
import { anchorHeadOptions } from './anchor-head-options';
import { cellPriors } from './cell-priors';
import { denseDetections, denseTestCfg } from './dense-detections';
import { detachedPredictions } from './detached-predictions';
import { requireCfg } from './detection-head';
import { flattenLevels } from './flatten-levels';
import { sizesOf } from './prior-row';
import { towers } from './towers';

const options = z.strictObject({
  ...anchorHeadOptions,
  stacked_convs: z.number().int().min(0).default(4).describe('3x3 convolutions of each tower'),
  conv_cfg: convCfg.nullish().describe('Kind of convolution of the towers'),
  norm_cfg: normCfg
    .nullable()
    .default({ type: 'GN', num_groups: 32, requires_grad: true, eps: 1e-5 })
    .describe('Norm of the towers'),
  bbox_coder: moduleOption('bbox_coder')
    .default({ type: 'DistancePointBBoxCoder' })
    .describe('How a box is told from its point'),
  reg_max: z.number().int().positive().default(16).describe('Largest distance of a side, in strides'),
  loss_dfl: moduleOption('loss')
    .default({ type: 'DistributionFocalLoss', loss_weight: 0.25 })
    .describe('Loss of the distributions'),
  init_cfg: initCfg
    .nullable()
    .default({
      type: 'Normal',
      layer: 'Conv2d',
      std: 0.01,
      override: { type: 'Normal', name: 'gfl_cls', std: 0.01, bias_prob: 0.01 },
    })
    .describe('Where the weights start from'),
  test_cfg: denseTestCfg.nullish().describe('How detections are chosen; set by the detector'),
});
export type GFLHeadConfig = AnchorDetectionHeadConfig & z.output<typeof options>;

/** The expected value of distributions over 0 .. max; its numbers are a buffer, as the reference has it. */
class Integral extends Module {
  private readonly project;

  constructor(private readonly max: number) {
    super();
    this.project = this.addBuffer('project', [max + 1], () => Float32Array.from({ length: max + 1 }, (_, i) => i));
    tf.tidy(() => this.project.variable.assign(tf.range(0, max + 1, 1, 'float32')));
  }

  /** Logits [..., 4 * (max + 1)] -> [n, 4]. */
  forward(x: tf.Tensor): tf.Tensor2D {
    const shares = tf.softmax(x.reshape<tf.Tensor2D>([-1, this.max + 1]));
    return tf.matMul(shares, this.project.variable.reshape<tf.Tensor2D>([-1, 1])).reshape([-1, 4]);
  }
}

export class GFLHead extends AnchorDetectionHead {
  private readonly clsConvs: ModuleList<ConvModule>;
  private readonly regConvs: ModuleList<ConvModule>;
  private readonly cls: Conv2d;
  private readonly reg: Conv2d;
  private readonly scales: ModuleList<Scale>;
  private readonly integral: Integral;
  private readonly lossDfl: Loss;
  private readonly regMax: number;

  constructor(config: GFLHeadConfig, context: BuildContext) {
    super(config, context);
    const { in_channels, feat_channels, stacked_convs, conv_cfg, reg_max } = config;
    this.regMax = reg_max;
    const norm_cfg = config.norm_cfg as NormCfg | null;
    const tower = () =>
      towers({ inChannels: in_channels, channels: feat_channels, count: stacked_convs, conv_cfg, norm_cfg });
    this.clsConvs = this.addChild('cls_convs', tower());
    this.regConvs = this.addChild('reg_convs', tower());
    cellPriors('GFLHead', this.priors, context.path, 1);
    const inChannels = stacked_convs > 0 ? feat_channels : in_channels;
    const predict = (outChannels: number) => new Conv2d({ inChannels, outChannels, kernelSize: 3, padding: 1 });
    this.cls = this.addChild('gfl_cls', predict(this.scoreChannels));
    this.reg = this.addChild('gfl_reg', predict(4 * (reg_max + 1)));
    this.scales = this.addChild('scales', new ModuleList(this.priors.strides.map(() => new Scale())));
    this.integral = this.addChild('integral', new Integral(reg_max));
    this.lossDfl = context.registry.build('loss', config.loss_dfl, { path: `${context.path}.loss_dfl` });
    applyInitCfg(this, config.init_cfg);
  }

  protected override get decodedTargets(): boolean {
    return true;
  }

  protected override get coderPriors(): 'points' {
    return 'points';
  }

  protected override forwardSingle(x: tf.Tensor4D): { scores: tf.Tensor4D; deltas: tf.Tensor4D } {
    let [cls, reg] = [x, x];
    for (const conv of this.clsConvs) cls = conv.forward(cls);
    for (const conv of this.regConvs) reg = conv.forward(reg);
    return { scores: this.cls.forward(cls), deltas: this.reg.forward(reg) };
  }

  override forward(features: tf.Tensor4D[]): HeadOutputs {
    const { scores, deltas } = super.forward(features);
    return { scores, deltas: deltas.map((x, i) => this.scales.at(i).forward(x)) };
  }

  override loss(features: tf.Tensor4D[], batch: DetBatch, context: LossContext): Losses {
    const outputs = this.forward(features);
    const sizes = sizesOf(outputs.scores);
    const scores = flattenLevels(outputs.scores, this.scoreChannels);
    const columns = 4 * (this.regMax + 1);
    const total = scores.shape[1];
    const deltas = flattenLevels(outputs.deltas, columns);
    const { labels, labelWeights, positives, boxes, avgFactor } = this.dense(
      this.targets(sizes, batch, context, (parts) => this.predictions({ scores, deltas, sizes }, parts)),
      total,
    );
    const logits = scores.reshape<tf.Tensor2D>([-1, this.scoreChannels]);
    const sides = deltas.reshape([-1, columns]);
    const classes = this.lossCls as unknown as QualityFocalLoss;
    const classLoss = (quality: tf.Tensor) =>
      classes.forward(logits, [tf.tensor1d(labels, 'int32'), quality], {
        weight: tf.tensor1d(labelWeights),
        avgFactor,
      }) as tf.Scalar;
    const n = positives.length;
    if (n === 0) {
      const zero = tf.mul(tf.sum(sides), 0) as tf.Scalar;
      return { loss_cls: classLoss(tf.zeros([labels.length])), loss_bbox: zero, loss_dfl: zero };
    }
    const strides = this.strideRow(sizes);
    const perStride = (values: Float32Array) =>
      values.map((v, i) => v / strides[positives[Math.floor((i * n) / values.length)] % total]);
    const own = takeBoxes(
      this.anchors(sizes),
      positives.map((k) => k % total),
    );
    const points = perStride(
      centerPoints(
        own,
        positives.map((k) => strides[k % total]),
      ),
    );
    const truths = perStride(boxes);
    const rows = tf.tensor1d(positives, 'int32');
    const chosen = tf.gather(sides, rows);
    const decoded = this.coder.decodeTensors(points, this.integral.forward(chosen));
    const wanted = tf.tensor2d(truths, [n, 4]);
    const quality = stopGradient(decoded, (boxes) => {
      const { iou } = boxPair(boxes, wanted, (union) => tf.maximum(union, 1e-6));
      return tf.scatterND(rows.expandDims(-1), iou, [labels.length]);
    });
    // how sure the classes are says how much a box counts
    const weight = tf.max(stopGradient(tf.sigmoid(tf.gather(logits, rows))), 1);
    const sum = tf.maximum(tf.sum(weight), 1);
    const bbox = this.lossBbox.forward(decoded, wanted, { weight, avgFactor: 1 });
    const corners = this.coder.encode(points, truths, { maxDistance: this.regMax });
    const dfl = this.lossDfl.forward(chosen.reshape([-1, this.regMax + 1]), tf.tensor1d(corners), {
      weight: tf.tile(weight.expandDims(-1), [1, 4]).reshape([-1]),
      avgFactor: 4,
    });
    return {
      loss_cls: classLoss(quality),
      loss_bbox: tf.div(bbox, sum) as tf.Scalar,
      loss_dfl: tf.div(dfl, sum) as tf.Scalar,
    };
  }

  override predict(features: tf.Tensor4D[], batch: DetBatch, { rescale }: { rescale: boolean }): Detections[] {
    const cfg = requireCfg(this.testCfg, 'GFLHead', 'test_cfg');
    const outputs = this.forward(features);
    const sizes = sizesOf(outputs.scores);
    const scores = tf.sigmoid(flattenLevels(outputs.scores, this.scoreChannels)).dataSync<'float32'>();
    const sides = this.integral.forward(flattenLevels(outputs.deltas, 4 * (this.regMax + 1))).dataSync<'float32'>();
    const anchors = this.anchors(sizes);
    const strides = this.strideRow(sizes);
    const total = strides.length;
    return batch.samples.map(({ meta }, i) => {
      const own = (values: Float32Array, columns: number) =>
        values.subarray(i * total * columns, (i + 1) * total * columns);
      const distances = own(sides, 4);
      const candidates = {
        scores: own(scores, this.scoreChannels),
        columns: this.scoreChannels,
        classes: this.numClasses,
        levels: sizes.map(([h, w]) => h * w),
        decode: (priors: Int32Array) =>
          this.coder.decode(
            centerPoints(
              takeBoxes(anchors, priors),
              priors.map((k) => strides[k]),
            ),
            takeBoxes(distances, priors).map((v, k) => v * strides[priors[k >> 2]]),
            { maxShape: meta.imgShape },
          ),
      };
      return denseDetections(candidates, meta, cfg, rescale);
    });
  }

  protected override predictions(
    { scores, deltas, sizes }: FlatOutputs,
    parts: readonly PredictionPart[],
  ): Predictions[] {
    const strides = this.strideRow(sizes);
    return detachedPredictions(parts, scores.shape, {
      scores: () => tf.sigmoid(scores),
      logits: () => scores,
      boxes: () => {
        const distances = this.integral.forward(deltas).reshape([scores.shape[0], -1, 4]);
        const inPixels = tf.mul(distances, tf.tensor2d(strides, [strides.length, 1]));
        return this.coder.decodeTensors(centerPoints(this.anchors(sizes), strides), inPixels);
      },
    });
  }

  /** Stride of every anchor. */
  private strideRow(sizes: [number, number][]): Float32Array {
    return Float32Array.from(sizes.flatMap(([h, w], i) => Array<number>(h * w).fill(this.priors.strides[i][0])));
  }
}

/** Centres of anchors as points: x, y, stride, stride. */
function centerPoints(boxes: Float32Array, strides: ArrayLike<number>): Float32Array {
  return boxes.map((v, i) => (i & 2 ? strides[i >> 2] : (v + boxes[i + 2]) / 2));
}

export const gflHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'GFLHead',
  summary: 'Class scores that tell the quality of the box, and its sides as distributions',
  paper: 'Li et al., Generalized Focal Loss, NeurIPS 2020',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example:
    "{ type: 'GFLHead', num_classes: 80, anchor_generator: { type: 'AnchorGenerator', ratios: [1], octave_base_scale: 8, scales_per_octave: 1 }, loss_cls: { type: 'QualityFocalLoss' }, loss_bbox: { type: 'GIoULoss', loss_weight: 2 } }",
  options,
  inferred: denseHeadInferred,
  infer: (given, context) => inferDenseHead('GFLHead', given, context),
  build: (given, context) => new GFLHead(given as GFLHeadConfig, context),
});
