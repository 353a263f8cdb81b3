// GFLHead: class scores that predict the quality (IoU) of the box, and distances of its sides as distributions over whole
// numbers of strides (Li et al., Generalized Focal Loss, NeurIPS 2020).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import type { Conv2d, ModuleList, Scale } from '../../nn';
import { stopGradient } from '../../ops';
import { meanTensorOverRanks } from '../../ops/over-ranks';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import { type Loss, type QualityLoss, requireQualityLoss, zeroLoss } from '../losses';
import { boxPair } from '../losses/box-pair';
import type { Size } from '../task-modules';
import type { Losses } from '../types';
import { AnchorHead, type AnchorMaps } from './anchor-head';
import { anchorHeadOptions } from './anchor-head-options';
import type { BatchTargets } from './batch-targets';
import { cellPriors } from './cell-priors';
import type { CandidateTensors } from './dense-head';
import type { DenseOutputs } from './dense-outputs';
import {
  groupNormOption,
  initOptionOf,
  lossDflOption,
  pointCoderOption,
  rareClassInit,
  testCfgOption,
  towerOptions,
} from './head-options';
import { initializeDenseHead } from './initialize-dense-head';
import { Integral } from './integral';
import { levelScales, TowerPair } from './tower-pair';

export const gflOptions = {
  ...anchorHeadOptions,
  ...towerOptions,
  norm_cfg: groupNormOption,
  bbox_coder: pointCoderOption,
  reg_max: z.number().int().positive().default(16).describe('Maximum predicted distance of a side, in strides'),
  loss_dfl: lossDflOption({ type: 'DistributionFocalLoss', loss_weight: 0.25 }),
  init_cfg: initOptionOf(rareClassInit('gfl_cls')),
  test_cfg: testCfgOption,
};
const options = z.strictObject(gflOptions);
export type GFLHeadConfig = z.output<typeof options> & { in_channels: number; num_classes: number };

/** What the positives of a batch predict for their boxes. */
export interface BoxDistributions {
  /** Rows of the P positives among all priors of the batch. */
  rows: tf.Tensor1D;
  /** [P, 4 (reg_max + 1)]. */
  logits: tf.Tensor2D;
  /** Of each side [4 P]. */
  weight: tf.Tensor1D;
}

/** `deltas` are the logits of four distributions per point, for left, top, right, bottom. */
export class GFLHead<C extends GFLHeadConfig = GFLHeadConfig> extends AnchorHead<C> {
  protected readonly towers: TowerPair;
  protected readonly cls: Conv2d;
  protected readonly reg: Conv2d;
  protected readonly scales: ModuleList<Scale>;
  protected readonly integral: Integral;
  protected readonly qualityLoss: QualityLoss;
  protected readonly lossDfl: Loss;

  constructor(config: C, context: BuildContext) {
    super(config, context, { form: 'boxes', coder: 'points' });
    this.towers = new TowerPair(config);
    this.addChild('cls_convs', this.towers.cls);
    this.addChild('reg_convs', this.towers.reg);
    cellPriors('GFLHead', this.priors, context.path, 1);
    this.cls = this.addChild('gfl_cls', this.towers.predictor(this.scoreChannels));
    this.reg = this.addChild('gfl_reg', this.towers.predictor(4 * (config.reg_max + 1)));
    this.scales = this.addChild('scales', levelScales(this.priors.numLevels));
    this.integral = this.addChild('integral', new Integral(config.reg_max));
    const { registry, path } = context;
    this.qualityLoss = requireQualityLoss(this.lossCls, config.loss_cls, `${path}.loss_cls`);
    this.lossDfl = registry.build('loss', config.loss_dfl, { path: `${path}.loss_dfl` });
    initializeDenseHead(this, config.init_cfg);
  }

  protected override get columns(): Record<string, number> {
    return { scores: this.scoreChannels, deltas: this.boxColumns };
  }

  /** Logits of a box. */
  get boxColumns(): number {
    return 4 * (this.config.reg_max + 1);
  }

  /** What divides the sum of the box losses, for the sum of their weights. */
  protected boxDivisor(sum: tf.Scalar): tf.Scalar {
    return meanTensorOverRanks(sum, 1);
  }

  /** Losses beside GFL's, of the positives, or of none. */
  protected furtherLosses(_outputs: DenseOutputs<AnchorMaps>, _positives?: BoxDistributions): Losses {
    return {};
  }

  protected override get decodedTargets(): boolean {
    return true;
  }

  protected override forwardSingle(x: tf.Tensor4D, level: number): Record<AnchorMaps, tf.Tensor4D> {
    const { cls, reg } = this.towers.forward(x);
    return { scores: this.cls.forward(cls), deltas: this.scales.at(level).forward(this.reg.forward(reg)) };
  }

  protected override losses(outputs: DenseOutputs<AnchorMaps>, targets: BatchTargets): Losses {
    const { positives, boxes, labels } = targets;
    const { reg_max } = this.config;
    const logits = outputs.flat('scores').reshape<tf.Tensor2D>([-1, this.scoreChannels]);
    const n = positives.length;
    if (n === 0) {
      const zero = zeroLoss(this);
      this.boxDivisor(tf.scalar(0)); // the others wait for it
      const loss_cls = this.qualityClassLoss(logits, tf.zeros([labels.length]), targets);
      return { loss_cls, loss_bbox: zero, loss_dfl: zero, ...this.furtherLosses(outputs) };
    }
    const points = this.priorsOf(positives, outputs.sizes);
    // four numbers a positive, divided by its stride
    const inStrides = (values: Float32Array) => values.map((v, i) => v / points[i | 3]);
    const [priors, truths] = [inStrides(points), inStrides(boxes)];
    const rows = tf.tensor1d(positives, 'int32');
    const distributions = tf.gather(outputs.flat('deltas').reshape<tf.Tensor2D>([-1, this.boxColumns]), rows);
    const decoded = this.coder.decodeTensors(priors, this.integral.forward(distributions));
    const target = tf.tensor2d(truths, [n, 4]);
    const quality = stopGradient(decoded, (predicted) => {
      const { iou } = boxPair(predicted, target, (union) => tf.maximum(union, 1e-6));
      return tf.scatterND(rows.expandDims(-1), iou, [labels.length]);
    });
    // boxes are weighted by the score of their best class
    const weight = tf.max(stopGradient(tf.sigmoid(tf.gather(logits, rows))), 1);
    const sum = this.boxDivisor(tf.sum(weight));
    const bbox = this.lossBbox.forward(decoded, target, { weight, avgFactor: 1 });
    const sides = this.coder.encode(priors, truths, { maxDistance: reg_max });
    const ofSides = tf.tile(weight.expandDims(-1), [1, 4]).reshape<tf.Tensor1D>([-1]);
    const dfl = this.lossDfl.forward(distributions.reshape([-1, reg_max + 1]), tf.tensor1d(sides), {
      weight: ofSides,
      avgFactor: 4,
    });
    return {
      loss_cls: this.qualityClassLoss(logits, quality, targets),
      loss_bbox: tf.div(bbox, sum) as tf.Scalar,
      loss_dfl: tf.div(dfl, sum) as tf.Scalar,
      ...this.furtherLosses(outputs, { rows, logits: distributions, weight: ofSides }),
    };
  }

  /** Logits [N * T, C] against labels and the quality of each box [N * T]. */
  private qualityClassLoss(
    logits: tf.Tensor2D,
    quality: tf.Tensor,
    { labels, labelWeights, avgFactor }: BatchTargets,
  ): tf.Scalar {
    const weight = tf.tensor1d(labelWeights);
    return this.qualityLoss.forward(logits, [tf.tensor1d(labels, 'int32'), quality], {
      weight,
      avgFactor,
    }) as tf.Scalar;
  }

  protected override boxes(outputs: DenseOutputs<AnchorMaps>): tf.Tensor3D {
    return outputs.once('boxes', () => {
      const deltas = outputs.flat('deltas');
      const distances = this.integral.forward(deltas).reshape<tf.Tensor3D>([deltas.shape[0], -1, 4]);
      const strides = this.strides(outputs.sizes);
      const inPixels = tf.mul<tf.Tensor3D>(distances, tf.tensor2d(strides, [strides.length, 1]));
      return this.coder.decodeTensors(this.coderPriors(outputs.sizes), inPixels);
    });
  }

  protected override candidates(outputs: DenseOutputs<AnchorMaps>): CandidateTensors {
    return { ...super.candidates(outputs), boxes: this.integral.forward(outputs.flat('deltas')) };
  }

  protected override decodedBoxes(boxes: tf.Tensor, sizes: Size[]): tf.Tensor {
    const strides = this.strides(sizes);
    const distances = boxes.reshape<tf.Tensor3D>([-1, strides.length, 4]);
    return super.decodedBoxes(tf.mul(distances, tf.tensor2d(strides, [strides.length, 1])), sizes);
  }

  protected override decode(boxes: Float32Array, priors: Int32Array, sizes: Size[], imgShape: Size): Float32Array {
    const strides = this.strides(sizes);
    const inPixels = boxes.map((v, i) => v * strides[priors[i >> 2]]);
    return super.decode(inPixels, priors, sizes, imgShape);
  }
}

export const gflHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'GFLHead',
  summary: 'Dense head whose class scores predict box quality and whose box sides are distributions',
  paper: 'Li et al., Generalized Focal Loss, NeurIPS 2020',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example:
    "{ type: 'GFLHead', num_classes: 80, anchor_generator: { type: 'AnchorGenerator', ratios: [1], octave_base_scale: 8, scales_per_octave: 1 }, loss_cls: { type: 'QualityFocalLoss' }, loss_bbox: { type: 'GIoULoss', loss_weight: 2 } }",
  options,
  inferred: denseHeadInferred,
  infer: (given, context) => inferDenseHead('GFLHead', given, context),
  build: (given, context) => new GFLHead(given as GFLHeadConfig, context),
});
