// YOLOv8Head: what YOLOv8HeadModule predicts, trained by task-aligned assignment with BCE, CIoU and distribution focal loss
// (MMYOLO). Losses are multiplied by the number of images, as MMYOLO's are.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import type { Detections, ImageMeta } from '../../data/types';
import { meanOverRanks, sumOverRanks } from '../../ops/over-ranks';
import { type Loss, zeroLoss } from '../losses';
import { type AssignerOffer, buildBBoxCoder, buildPriorGenerator, type Size } from '../task-modules';
import type { Losses } from '../types';
import type { BatchTargets } from './batch-targets';
import type { Candidates } from './decode-detections';
import { decodeYoloDetections, type YOLOTestCfg, yoloTestCfg } from './decode-yolo-detections';
import { type CandidateTensors, DenseHead, type Selection } from './dense-head';
import type { DenseOutputs } from './dense-outputs';
import type { ComputedParts } from './detached-predictions';
import { buildHeadModule, type HeadModule, headModuleOption } from './head-module';
import {
  initOption,
  lossBboxOption,
  lossClsOption,
  lossDflOption,
  pointCoderOption,
  pointsOption,
  pointTrainCfgOption,
  testCfgText,
} from './head-options';
import type { YOLOv8Maps } from './yolov8-head-module';

const options = z.strictObject({
  head_module: headModuleOption,
  prior_generator: pointsOption(0.5),
  bbox_coder: pointCoderOption,
  loss_cls: lossClsOption({ type: 'CrossEntropyLoss', use_sigmoid: true, reduction: 'none', loss_weight: 0.5 }),
  loss_bbox: lossBboxOption({
    type: 'IoULoss',
    iou_mode: 'ciou',
    bbox_format: 'xyxy',
    reduction: 'sum',
    loss_weight: 7.5,
    return_iou: false,
  }),
  loss_dfl: lossDflOption({ type: 'DistributionFocalLoss', reduction: 'mean', loss_weight: 1.5 / 4 }),
  train_cfg: pointTrainCfgOption,
  test_cfg: yoloTestCfg.nullish().describe(testCfgText),
  init_cfg: initOption,
});
export type YOLOv8HeadConfig = z.output<typeof options>;

const MAPS: readonly YOLOv8Maps[] = ['scores', 'deltas', 'distributions'];

/** `deltas` are distances left, top, right, bottom in strides, the expected values of `distributions`. */
export class YOLOv8Head extends DenseHead<YOLOv8HeadConfig & { num_classes: number }, YOLOv8Maps> {
  protected readonly module: HeadModule;
  protected readonly regMax: number;
  protected readonly lossCls: Loss;
  protected readonly lossBbox: Loss;
  protected readonly lossDfl: Loss;

  constructor(config: YOLOv8HeadConfig, context: BuildContext, head = 'YOLOv8Head') {
    const { registry, path, inputs } = context;
    const at = (name: string) => ({ registry, path: `${path}.${name}`, inputs });
    const module = buildHeadModule(config.head_module, context, { head, maps: MAPS, usual: `${head}Module` });
    super(
      { ...config, num_classes: module.numClasses },
      { registry, path },
      {
        priors: buildPriorGenerator(config.prior_generator, at('prior_generator'), { head, form: 'points' }),
        coder: buildBBoxCoder(config.bbox_coder, at('bbox_coder'), { head, priors: 'points' }),
      },
    );
    this.module = this.addChild('head_module', module);
    this.regMax = module.columns.distributions / 4;
    this.lossCls = registry.build('loss', config.loss_cls, at('loss_cls'));
    this.lossBbox = registry.build('loss', config.loss_bbox, at('loss_bbox'));
    this.lossDfl = registry.build('loss', config.loss_dfl, at('loss_dfl'));
  }

  protected override get columns(): Record<YOLOv8Maps, number> {
    return this.module.columns as Record<YOLOv8Maps, number>;
  }

  protected override get assignerOffer(): AssignerOffer {
    return { ...super.assignerOffer, predictions: ['scores', 'logits', 'boxes'], reads: ['scores'] };
  }

  protected override forwardSingle(x: tf.Tensor4D, level: number, sizes: Size[]): Record<YOLOv8Maps, tf.Tensor4D> {
    return this.module.forwardSingle(x, level, sizes) as Record<YOLOv8Maps, tf.Tensor4D>;
  }

  /** Decoded boxes of all points [N, T, 4], in pixels. */
  protected boxes(outputs: DenseOutputs<YOLOv8Maps>): tf.Tensor3D {
    return outputs.once('boxes', () => {
      const points = this.priorCache.of(outputs.sizes);
      const strides = tf.tensor2d(points, [points.length / 4, 4]).slice([0, 2], [-1, 1]);
      return this.coder.decodeTensors(points, tf.mul<tf.Tensor3D>(outputs.flat('deltas'), strides));
    });
  }

  protected override predictions(outputs: DenseOutputs<YOLOv8Maps>): ComputedParts {
    return {
      scores: () => tf.sigmoid(outputs.flat('scores')),
      logits: () => outputs.flat('scores'),
      boxes: () => this.boxes(outputs),
    };
  }

  protected override losses(outputs: DenseOutputs<YOLOv8Maps>, targets: BatchTargets): Losses {
    const { positives, labels, boxes, images } = targets;
    const quality = targets.scores ?? new Float32Array(0); // [P]
    const { numClasses: classes } = this;
    const n = positives.length;
    const sum = meanOverRanks(
      quality.reduce((a, b) => a + b, 0),
      1,
    );
    const count = sumOverRanks(images.length);
    const perBatch = (x: tf.Tensor) => tf.mul(x, count / sum) as tf.Scalar;
    const size = labels.length * classes;
    const indices = positives.map((row) => row * classes + labels[row]);
    const target = n
      ? tf.scatterND(tf.tensor2d(indices, [n, 1], 'int32'), tf.tensor1d(quality), [size])
      : tf.zeros([size]);
    const logits = outputs.flat('scores').reshape([-1, classes]);
    const cls = tf.sum(this.lossCls.forward(logits, target.reshape([-1, classes])));
    if (n === 0) {
      const zero = zeroLoss(this);
      return { loss_cls: perBatch(cls), loss_bbox: zero, loss_dfl: zero };
    }
    const points = this.priorsOf(positives, outputs.sizes);
    // four numbers a positive, divided by its stride
    const inStrides = (values: Float32Array) => values.map((v, i) => v / points[i | 3]);
    const truths = inStrides(boxes);
    const rows = tf.tensor1d(positives, 'int32');
    const perStride = tf.tensor2d(
      Float32Array.from(positives, (_, k) => 1 / points[4 * k + 2]),
      [n, 1],
    );
    const predicted = tf.mul(tf.gather(this.boxes(outputs).reshape([-1, 4]), rows), perStride);
    const bbox = this.lossBbox.forward(predicted, tf.tensor2d(truths, [n, 4]), { weight: tf.tensor1d(quality) });
    const { regMax } = this;
    const sides = this.coder.encode(inStrides(points), truths, { maxDistance: regMax - 1, epsilon: 0.01 });
    const distributions = tf.gather(outputs.flat('distributions').reshape([-1, 4 * regMax]), rows);
    const dfl = this.lossDfl.forward(distributions.reshape([-1, regMax]), tf.tensor1d(sides), {
      weight: tf.tensor1d(sides.map((_, i) => quality[i >> 2])),
      avgFactor: sum,
    });
    return { loss_cls: perBatch(cls), loss_bbox: perBatch(bbox), loss_dfl: tf.mul(dfl, count) as tf.Scalar };
  }

  protected override candidates(outputs: DenseOutputs<YOLOv8Maps>): CandidateTensors {
    return { scores: tf.sigmoid(outputs.flat('scores')), boxes: this.boxes(outputs) };
  }

  protected override decode(boxes: Float32Array): Float32Array {
    return boxes;
  }

  protected override decodedBoxes(boxes: tf.Tensor): tf.Tensor {
    return boxes;
  }

  override get selection(): Selection {
    return { rule: 'all levels', clips: false, cfg: this.testCfg };
  }

  protected override suppress(candidates: Candidates, meta: ImageMeta, cfg: YOLOTestCfg, rescale: boolean): Detections {
    return decodeYoloDetections(candidates, meta, cfg, rescale);
  }
}

export const yolov8HeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'YOLOv8Head',
  summary: 'Anchor-free decoupled head whose box sides are distributions over distances',
  paper: 'Jocher et al., YOLOv8, 2023 (MMYOLO)',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example:
    "{ type: 'YOLOv8Head', head_module: { type: 'YOLOv8HeadModule', num_classes: 80, in_channels: [256, 256, 256, 256, 256], featmap_strides: [4, 8, 16, 32, 64] }, prior_generator: { type: 'MlvlPointGenerator', strides: [4, 8, 16, 32, 64] } }",
  options,
  build: (given, context) => new YOLOv8Head(given, context),
});
