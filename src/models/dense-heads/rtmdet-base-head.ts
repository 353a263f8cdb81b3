// What both RTMDet heads share: points learnt by dynamic soft labels, classes by their quality, boxes by their overlap
// (Lyu et al., RTMDet, 2022). The two differ in whether levels have layers of their own.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, moduleOption } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { takeBoxes } from '../../geometry/boxes';
import { actCfg, convCfg, initCfg, Module, normCfg } from '../../nn';
import type { Loss, QualityFocalLoss } from '../losses';
import {
  type Assigner,
  type BoxCoder,
  buildAssigner,
  buildBBoxCoder,
  buildPriorGenerator,
  type PriorGenerator,
  toInstances,
} from '../task-modules';
import type { DetBatch, LossContext, Losses } from '../types';
import { anchorTrainCfg } from './anchor-head-options';
import { anchorsInside, insideInput } from './anchor-targets';
import { denseDetections, denseTestCfg } from './dense-detections';
import { detachedPredictions } from './detached-predictions';
import { type DetectionHead, requireCfg } from './detection-head';
import { flattenLevels } from './flatten-levels';
import { PriorRow, sizesOf } from './prior-row';

export const rtmdetOptions = {
  num_classes: z.number().int().positive().optional().describe('Foreground classes'),
  in_channels: z.number().int().positive().optional().describe('Channels of every feature level'),
  feat_channels: z.number().int().positive().default(256).describe('Channels of the towers'),
  stacked_convs: z.number().int().positive().default(4).describe('3x3 convolutions of each tower'),
  with_objectness: z.boolean().default(true).describe('Class scores are joined with an objectness'),
  pred_kernel_size: z.number().int().positive().default(3).describe('Kernel of the predictions'),
  conv_cfg: convCfg.nullish().describe('Kind of convolution of the towers'),
  norm_cfg: normCfg
    .nullable()
    .default({ type: 'GN', num_groups: 32, requires_grad: true, eps: 1e-5 })
    .describe('Norm of the towers'),
  act_cfg: actCfg.default({ type: 'ReLU' }).describe('Activation of the towers'),
  anchor_generator: moduleOption('anchor_generator')
    .default({ type: 'MlvlPointGenerator', offset: 0, strides: [8, 16, 32] })
    .describe('The points'),
  bbox_coder: moduleOption('bbox_coder')
    .default({ type: 'DistancePointBBoxCoder' })
    .describe('How a box is told from its point'),
  reg_decoded_bbox: z.boolean().default(true).describe('Accepted: boxes are always compared in pixels'),
  loss_cls: moduleOption('loss')
    .default({ type: 'QualityFocalLoss', use_sigmoid: true, beta: 2, loss_weight: 1 })
    .describe('Classification loss'),
  loss_bbox: moduleOption('loss').default({ type: 'GIoULoss', loss_weight: 2 }).describe('Box loss'),
  loss_centerness: moduleOption('loss')
    .default({ type: 'CrossEntropyLoss', use_sigmoid: true, loss_weight: 1 })
    .describe('Accepted, as configs give it; there is no centerness here'),
  train_cfg: anchorTrainCfg.nullish().describe('How it learns; set by the detector'),
  test_cfg: denseTestCfg.nullish().describe('How detections are chosen; set by the detector'),
  init_cfg: initCfg
    .nullable()
    .default({ type: 'Normal', layer: 'Conv2d', std: 0.01 })
    .describe('Where the weights start from; classes and objectness start rare (0.01)'),
};
const shape = z.strictObject(rtmdetOptions);
export type RTMDetConfig = z.output<typeof shape> & { num_classes: number; in_channels: number };

export interface RTMDetOutputs {
  scores: tf.Tensor4D[];
  /** Left, top, right, bottom in pixels. */
  distances: tf.Tensor4D[];
}

export abstract class RTMDetBaseHead extends Module implements DetectionHead {
  readonly numClasses: number;
  readonly priors: PriorGenerator;
  private readonly row: PriorRow;
  private readonly coder: BoxCoder;
  private readonly lossCls: QualityFocalLoss;
  private readonly lossBbox: Loss;
  private readonly assigner: Assigner | undefined;

  constructor(
    protected readonly config: RTMDetConfig,
    { registry, path, inputs }: BuildContext,
  ) {
    super();
    this.numClasses = config.num_classes;
    const head = this.constructor.name;
    const at = (name: string) => ({ registry, path: `${path}.${name}`, inputs });
    this.priors = buildPriorGenerator(config.anchor_generator, at('anchor_generator'), { head, form: 'points' });
    this.row = new PriorRow(this.priors);
    this.coder = buildBBoxCoder(config.bbox_coder, at('bbox_coder'), { head, priors: 'points' });
    this.lossCls = registry.build<QualityFocalLoss>('loss', config.loss_cls, at('loss_cls'));
    this.lossBbox = registry.build('loss', config.loss_bbox, at('loss_bbox'));
    if (config.train_cfg)
      this.assigner = buildAssigner(config.train_cfg.assigner, at('train_cfg.assigner'), {
        head,
        priors: 'points',
        predictions: ['scores', 'logits', 'boxes'],
        reads: ['maxOverlaps'],
      });
  }

  abstract forward(features: tf.Tensor4D[]): RTMDetOutputs;

  loss(features: tf.Tensor4D[], batch: DetBatch, { random, epoch }: LossContext): Losses {
    const assigner = requireCfg(this.assigner, this.constructor.name, 'train_cfg');
    const { pos_weight, allowed_border } = this.config.train_cfg!;
    const outputs = this.forward(features);
    const sizes = sizesOf(outputs.scores);
    const priors = this.row.of(sizes);
    const scores = flattenLevels(outputs.scores, this.numClasses);
    const [images, total, classes] = scores.shape;
    const boxes = this.coder.decodeTensors(priors, flattenLevels(outputs.distances, 4));
    const predictions = detachedPredictions(assigner.needs.predictions ?? [], scores.shape, {
      scores: () => tf.sigmoid(scores),
      logits: () => scores,
      boxes: () => boxes,
    });

    const labels = new Int32Array(images * total).fill(classes);
    const weights = new Float32Array(images * total);
    const quality = new Float32Array(images * total);
    const positives: number[] = [];
    const truths: number[] = [];
    for (const [i, { truths: given, meta }] of batch.samples.entries()) {
      const instances = toInstances(given);
      const padShape = batch.padShapes?.[i] ?? batch.batchShape;
      const inside =
        anchorsInside(this.priors, priors, sizes, padShape, meta.imgShape, allowed_border) ??
        Int32Array.from({ length: total }, (_, k) => k);
      const rows = inside.map((k) => i * total + k);
      const input = {
        priors,
        levels: this.row.counts(sizes),
        instances,
        predictions: predictions[i],
        imgShape: meta.imgShape,
        random,
        epoch,
      };
      const found = assigner.assign(insideInput(input, inside));
      for (const [k, row] of rows.entries()) {
        const truth = found.assigned[k];
        weights[row] = truth > 0 && pos_weight > 0 ? pos_weight : truth < 0 ? 0 : 1;
        if (truth <= 0) continue;
        labels[row] = found.labels[k];
        quality[row] = found.maxOverlaps[k];
        positives.push(row);
        truths.push(...instances.bboxes.subarray(4 * truth - 4, 4 * truth));
      }
    }
    const sum = Math.max(
      quality.reduce((a, b) => a + b, 0),
      1,
    );
    const cls = this.lossCls.forward(
      scores.reshape([-1, classes]),
      [tf.tensor1d(labels, 'int32'), tf.tensor1d(quality)],
      { weight: tf.tensor1d(weights), avgFactor: 1 },
    );
    const loss_cls = tf.div(cls, sum) as tf.Scalar;
    if (positives.length === 0) return { loss_cls, loss_bbox: tf.mul(tf.sum(boxes), 0) as tf.Scalar };
    const bbox = this.lossBbox.forward(
      tf.gather(boxes.reshape([-1, 4]), tf.tensor1d(positives, 'int32')),
      tf.tensor2d(truths, [positives.length, 4]),
      { weight: tf.tensor1d(positives.map((row) => quality[row])), avgFactor: 1 },
    );
    return { loss_cls, loss_bbox: tf.div(bbox, sum) as tf.Scalar };
  }

  predict(features: tf.Tensor4D[], batch: DetBatch, { rescale }: { rescale: boolean }): Detections[] {
    const cfg = requireCfg(this.config.test_cfg, this.constructor.name, 'test_cfg');
    const outputs = this.forward(features);
    const sizes = sizesOf(outputs.scores);
    const priors = this.row.of(sizes);
    const total = priors.length / 4;
    const classes = this.numClasses;
    const scores = tf.sigmoid(flattenLevels(outputs.scores, classes)).dataSync<'float32'>();
    const distances = flattenLevels(outputs.distances, 4).dataSync<'float32'>();
    return batch.samples.map(({ meta }, i) => {
      const sides = distances.subarray(4 * i * total, 4 * (i + 1) * total);
      const candidates = {
        scores: scores.subarray(i * total * classes, (i + 1) * total * classes),
        columns: classes,
        classes,
        levels: this.row.counts(sizes),
        decode: (chosen: Int32Array) =>
          this.coder.decode(takeBoxes(priors, chosen), takeBoxes(sides, chosen), { maxShape: meta.imgShape }),
      };
      return denseDetections(candidates, meta, cfg, rescale);
    });
  }
}

/** Class logits joined with the logit of an object: the logit of the geometric mean of both sigmoids. */
export function withObjectness(scores: tf.Tensor4D, object: tf.Tensor4D): tf.Tensor4D {
  // sqrt(s(x) s(y)) = exp(-(log(1 + e^-x) + log(1 + e^-y)) / 2)
  const both = tf.add(tf.softplus(tf.neg(scores)), tf.softplus(tf.neg(object)));
  const mean = tf.exp(tf.mul(both, -0.5));
  const least = (x: tf.Tensor) => tf.clipByValue(x, 1e-5, Number.POSITIVE_INFINITY);
  return tf.log(tf.div(least(mean), least(tf.sub(1, mean)))) as tf.Tensor4D;
}
