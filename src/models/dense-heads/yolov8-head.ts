// YOLOv8Head: what YOLOv8HeadModule predicts, learnt by task-aligned assignment with BCE, CIoU and distribution focal loss
// (MMYOLO). Losses are multiplied by the number of images, as MMYOLO's are.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { takeBoxes } from '../../geometry/boxes';
import { initCfg, Module } from '../../nn';
import type { Loss } from '../losses';
import {
  type Assigner,
  type BoxCoder,
  buildAssigner,
  buildBBoxCoder,
  buildPriorGenerator,
  toInstances,
} from '../task-modules';
import type { DetBatch, LossContext, Losses } from '../types';
import { detachedPredictions } from './detached-predictions';
import { type DetectionHead, requireCfg } from './detection-head';
import { flattenLevels } from './flatten-levels';
import { PriorRow, sizesOf } from './prior-row';
import { yoloDetections, yoloTestCfg } from './yolo-detections';
import type { YOLOv8HeadModule, YOLOv8Outputs } from './yolov8-head-module';

const options = z.strictObject({
  head_module: moduleOption('head_module').describe('The layers'),
  prior_generator: moduleOption('anchor_generator')
    .default({ type: 'MlvlPointGenerator', offset: 0.5, strides: [8, 16, 32] })
    .describe('The points'),
  bbox_coder: moduleOption('bbox_coder')
    .default({ type: 'DistancePointBBoxCoder' })
    .describe('How a box is told from its point'),
  loss_cls: moduleOption('loss')
    .default({ type: 'CrossEntropyLoss', use_sigmoid: true, reduction: 'none', loss_weight: 0.5 })
    .describe('Classification loss'),
  loss_bbox: moduleOption('loss')
    .default({
      type: 'IoULoss',
      iou_mode: 'ciou',
      bbox_format: 'xyxy',
      reduction: 'sum',
      loss_weight: 7.5,
      return_iou: false,
    })
    .describe('Box loss'),
  loss_dfl: moduleOption('loss')
    .default({ type: 'DistributionFocalLoss', reduction: 'mean', loss_weight: 1.5 / 4 })
    .describe('Loss of the distributions of distances'),
  train_cfg: z
    .strictObject({ assigner: moduleOption('assigner').describe('Which point learns which truth') })
    .nullish()
    .describe('How it learns; set by the detector'),
  test_cfg: yoloTestCfg.nullish().describe('How detections are chosen; set by the detector'),
  init_cfg: initCfg.nullish().describe('Where the weights start from'),
});
type Options = z.output<typeof options>;

export class YOLOv8Head extends Module implements DetectionHead {
  readonly module: YOLOv8HeadModule;
  private readonly coder: BoxCoder;
  private readonly lossCls: Loss;
  private readonly lossBbox: Loss;
  private readonly lossDfl: Loss;
  private readonly assigner: Assigner | undefined;
  private readonly row: PriorRow;

  constructor(
    private readonly config: Options,
    { registry, path, inputs, numClasses }: BuildContext,
  ) {
    super();
    const head = 'YOLOv8Head';
    const at = (name: string) => ({ registry, path: `${path}.${name}`, inputs, numClasses });
    this.module = this.addChild(
      'head_module',
      registry.build<YOLOv8HeadModule>('head_module', config.head_module, at('head_module')),
    );
    this.row = new PriorRow(
      buildPriorGenerator(config.prior_generator, at('prior_generator'), { head, form: 'points' }),
    );
    this.coder = buildBBoxCoder(config.bbox_coder, at('bbox_coder'), { head, priors: 'points' });
    this.lossCls = registry.build('loss', config.loss_cls, at('loss_cls'));
    this.lossBbox = registry.build('loss', config.loss_bbox, at('loss_bbox'));
    this.lossDfl = registry.build('loss', config.loss_dfl, at('loss_dfl'));
    if (config.train_cfg)
      this.assigner = buildAssigner(config.train_cfg.assigner, at('train_cfg.assigner'), {
        head,
        priors: 'points',
        predictions: ['scores', 'logits', 'boxes'],
        reads: ['scores'],
      });
  }

  get numClasses(): number {
    return this.module.numClasses;
  }

  forward(features: tf.Tensor4D[]): YOLOv8Outputs {
    return this.module.forward(features);
  }

  loss(features: tf.Tensor4D[], batch: DetBatch, { random, epoch }: LossContext): Losses {
    const assigner = requireCfg(this.assigner, 'YOLOv8Head', 'train_cfg');
    const outputs = this.forward(features);
    const sizes = sizesOf(outputs.scores);
    const priors = this.row.of(sizes);
    const [images, total, classes] = [batch.samples.length, priors.length / 4, this.numClasses];
    const scores = flattenLevels(outputs.scores, classes);
    const boxes = this.decode(priors, flattenLevels(outputs.distances, 4));
    const predictions = detachedPredictions(assigner.needs.predictions ?? [], scores.shape, {
      scores: () => tf.sigmoid(scores),
      logits: () => scores,
      boxes: () => boxes,
    });
    const targets = batch.samples.map(({ truths, meta }, i) => {
      const instances = toInstances(truths);
      const {
        assigned,
        labels,
        scores: quality,
      } = assigner.assign({
        priors,
        levels: this.row.counts(sizes),
        instances,
        predictions: predictions[i],
        imgShape: meta.imgShape,
        random,
        epoch,
      });
      const positive = Int32Array.from(assigned.keys()).filter((k) => assigned[k] > 0);
      return {
        positive,
        labels: positive.map((k) => labels[k]),
        scores: Float32Array.from(positive, (k) => quality![k]), // `reads` makes sure of them
        boxes: takeBoxes(
          instances.bboxes,
          positive.map((k) => assigned[k] - 1),
        ),
      };
    });
    const rows = Int32Array.from(targets.flatMap((t, i) => Array.from(t.positive, (k) => i * total + k)));
    const quality = Float32Array.from(targets.flatMap((t) => [...t.scores]));
    const labels = targets.flatMap((t) => [...t.labels]);
    const sum = Math.max(
      quality.reduce((a, b) => a + b, 0),
      1,
    );
    const perBatch = (x: tf.Tensor) => tf.mul(x, images / sum) as tf.Scalar;

    const wanted = rows.length
      ? tf.scatterND(
          tf.tensor2d(
            Int32Array.from(rows, (row, k) => row * classes + labels[k]),
            [rows.length, 1],
            'int32',
          ),
          tf.tensor1d(quality),
          [images * total * classes],
        )
      : tf.zeros([images * total * classes]);
    const cls = tf.sum(this.lossCls.forward(scores.reshape([-1, classes]), wanted.reshape([-1, classes])));
    if (rows.length === 0) {
      const zero = tf.mul(tf.sum(boxes), 0) as tf.Scalar;
      return { loss_cls: perBatch(cls), loss_bbox: zero, loss_dfl: zero };
    }
    const at = tf.tensor1d(rows, 'int32');
    const stride = (k: number) => priors[4 * (rows[k] % total) + 2];
    const truths = Float32Array.from(
      targets.flatMap((t) => [...t.boxes]),
      (v, i) => v / stride(i >> 2),
    );
    const inStrides = tf.tensor2d(
      Float32Array.from(rows, (_, k) => 1 / stride(k)),
      [rows.length, 1],
    );
    const own = tf.mul(tf.gather(boxes.reshape([-1, 4]), at), inStrides);
    const weight = tf.tensor1d(quality);
    const bbox = this.lossBbox.forward(own, tf.tensor2d(truths, [rows.length, 4]), { weight });

    const points = takeBoxes(
      priors,
      rows.map((row) => row % total),
    ).map((v, i) => v / stride(i >> 2));
    const { regMax } = this.module;
    const sides = this.coder.encode(points, truths, { maxDistance: regMax - 1, epsilon: 0.01 });
    const distributions = tf.gather(flattenLevels(outputs.distributions, 4 * regMax).reshape([-1, 4 * regMax]), at);
    const dfl = this.lossDfl.forward(distributions.reshape([-1, regMax]), tf.tensor1d(sides), {
      weight: tf.tensor1d(Float32Array.from(sides, (_, i) => quality[i >> 2])),
      avgFactor: sum,
    });
    return { loss_cls: perBatch(cls), loss_bbox: perBatch(bbox), loss_dfl: tf.mul(dfl, images) as tf.Scalar };
  }

  /** Boxes [N, T, 4] of distances in strides [N, T, 4]. */
  private decode(priors: Float32Array, distances: tf.Tensor3D): tf.Tensor3D {
    const strides = tf.tensor2d(priors, [priors.length / 4, 4]).slice([0, 2], [-1, 1]);
    return this.coder.decodeTensors(priors, tf.mul(distances, strides));
  }

  predict(features: tf.Tensor4D[], batch: DetBatch, { rescale }: { rescale: boolean }): Detections[] {
    const cfg = requireCfg(this.config.test_cfg, 'YOLOv8Head', 'test_cfg');
    const outputs = this.forward(features);
    const priors = this.row.of(sizesOf(outputs.scores));
    const total = priors.length / 4;
    const scores = tf.sigmoid(flattenLevels(outputs.scores, this.numClasses)).dataSync<'float32'>();
    const boxes = this.decode(priors, flattenLevels(outputs.distances, 4)).dataSync<'float32'>();
    return batch.samples.map(({ meta }, i) => {
      const own = (values: Float32Array, columns: number) =>
        values.subarray(i * total * columns, (i + 1) * total * columns);
      return yoloDetections(
        { scores: own(scores, this.numClasses), boxes: own(boxes, 4), classes: this.numClasses },
        meta,
        cfg,
        rescale,
      );
    });
  }
}

export const yolov8HeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'YOLOv8Head',
  summary: 'YOLOv8: a point of every cell predicts classes and the distances of the sides as distributions',
  paper: 'Jocher et al., YOLOv8, 2023 (MMYOLO)',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example:
    "{ type: 'YOLOv8Head', head_module: { type: 'YOLOv8HeadModule', num_classes: 80, in_channels: [256, 256, 256, 256, 256], featmap_strides: [4, 8, 16, 32, 64] }, prior_generator: { type: 'MlvlPointGenerator', strides: [4, 8, 16, 32, 64] } }",
  options,
  build: (given, context) => new YOLOv8Head(given, context),
});
