// YOLOV4Head: YOLOv3's predictions with centers that reach past their cells, a CIoU loss of the decoded boxes, and several anchors
// for each object (Bochkovskiy et al., YOLOv4, 2020; darknet's yolo layer). Losses are sums over the anchors of an image, as
// darknet's gradients are, and means over the images, so that darknet's learning rates hold. CIoU has the aspect-ratio term at any
// IoU, as the paper that YOLOv4 cites; darknet further bounds each gradient of a box by `max_delta`, which is not done here.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { takeBoxes } from '../../geometry/boxes';
import { oneHot } from '../../ops/one-hot';
import { meanOverRanks } from '../../ops/over-ranks';
import { type Loss, zeroLoss } from '../losses';
import type { Size } from '../task-modules';
import type { Losses } from '../types';
import type { BatchTargets } from './batch-targets';
import type { DenseOutputs } from './dense-outputs';
import { anchorsOption, lossBboxOption, lossClsOption, sigmoidEntropy } from './head-options';
import { inferYOLOAnchors, YOLOAnchorHead, yoloAnchorOptions } from './yolo-anchor-head';

const options = z.strictObject({
  ...yoloAnchorOptions('finest', [256, 512, 1024], [8, 16, 32]),
  anchor_generator: anchorsOption({
    type: 'YOLOAnchorGenerator',
    base_sizes: [
      [
        [12, 16],
        [19, 36],
        [40, 28],
      ],
      [
        [36, 75],
        [76, 55],
        [72, 146],
      ],
      [
        [142, 110],
        [192, 243],
        [459, 401],
      ],
    ],
    strides: [8, 16, 32],
  }),
  scale_x_y: z
    .union([z.number().min(1), z.array(z.number().min(1))])
    .default([1.2, 1.1, 1.05])
    .describe('Factor on the range of the centers in their cells, of all levels or of each; 1: within them'),
  label_smooth_eps: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe('Label smoothing: class targets are 1 - eps / 2 and eps / 2'),
  loss_cls: lossClsOption(sigmoidEntropy),
  loss_conf: moduleOption('loss').default(sigmoidEntropy).describe('Objectness loss'),
  loss_bbox: lossBboxOption({ type: 'IoULoss', iou_mode: 'ciou', bbox_format: 'xyxy', loss_weight: 0.07 }),
});
export type YOLOV4HeadConfig = z.output<typeof options> & { num_classes: number; in_channels: number[] };

export class YOLOV4Head extends YOLOAnchorHead<YOLOV4HeadConfig> {
  protected readonly lossFns: Record<'cls' | 'conf' | 'bbox', Loss>;

  constructor(config: YOLOV4HeadConfig, context: BuildContext) {
    super(config, context, 'YOLOV4Head');
    const { registry, path } = context;
    const loss = (name: 'loss_cls' | 'loss_conf' | 'loss_bbox') =>
      registry.build('loss', config[name], { path: `${path}.${name}` });
    this.lossFns = { cls: loss('loss_cls'), conf: loss('loss_conf'), bbox: loss('loss_bbox') };
  }

  protected override losses(outputs: DenseOutputs<'predictions'>, targets: BatchTargets): Losses {
    const { positives, boxes, labels, labelWeights, images } = targets;
    const { lossFns, numClasses: classes } = this;
    const [rows, count] = [labels.length, positives.length];
    const avgFactor = meanOverRanks(images.length);
    const table = outputs.flat('predictions').reshape<tf.Tensor2D>([rows, this.columns.predictions]);
    const isObject = new Float32Array(rows);
    for (const row of positives) isObject[row] = 1;
    const loss_conf = lossFns.conf.forward(tf.slice(table, [0, 4], [-1, 1]).reshape([rows]), tf.tensor1d(isObject), {
      weight: tf.tensor1d(labelWeights),
      avgFactor,
    });
    if (count === 0) return { loss_cls: zeroLoss(table), loss_conf, loss_bbox: zeroLoss(table) } as Losses;
    const taken = tf.gather(table, tf.tensor1d(positives, 'int32')); // [P, 5 + C]
    const logits = tf.slice(taken, [0, 5], [-1, classes]);
    const truth = oneHot(
      tf.tensor1d(
        positives.map((row) => labels[row]),
        'int32',
      ),
      classes,
    );
    const smooth = this.config.label_smooth_eps;
    const smoothed = tf.add(tf.mul(truth.cast('float32'), 1 - smooth), smooth / 2);
    const predicted = this.decoded(taken, positives, outputs.sizes);
    return {
      loss_cls: lossFns.cls.forward(logits, smoothed, { avgFactor }),
      loss_conf,
      loss_bbox: lossFns.bbox.forward(predicted, tf.tensor2d(boxes, [count, 4]), { avgFactor }),
    } as Losses;
  }

  /** Boxes [P, 4] of predictions [P, 5 + C] and their rows in the table of all images. */
  private decoded(predictions: tf.Tensor, rows: Int32Array, sizes: Size[]): tf.Tensor {
    const all = this.priorCache.of(sizes);
    const priors = rows.map((row) => row % (all.length / 4));
    const of = (values: Float32Array) => Float32Array.from(priors, (prior) => values[prior]);
    const [xy, wh] = tf.split(tf.slice(predictions, [0, 0], [-1, 4]), 2, 1);
    const codes = tf.concat([scaledCenters(xy, of(this.centerScales(sizes))), wh], 1);
    return this.coder.decodeTensors(takeBoxes(all, priors), codes, { strides: of(this.strides(sizes)) });
  }

  protected override centers(xy: tf.Tensor, sizes: Size[]): tf.Tensor {
    return scaledCenters(xy, this.centerScales(sizes));
  }

  /** `scale_x_y` of every prior [T]. */
  private centerScales(sizes: Size[]): Float32Array {
    const { scale_x_y: given } = this.config;
    return Float32Array.from(this.priorCache.levels(sizes), (level) => (Array.isArray(given) ? given[level] : given));
  }
}

/** s sigmoid(x) - (s - 1) / 2: 0 .. 1 grown by the factor s about its middle. Logits [..., n, 2], factors [n]. */
function scaledCenters(xy: tf.Tensor, scales: Float32Array): tf.Tensor {
  const s = tf.tensor2d(scales, [scales.length, 1]);
  return tf.add(tf.mul(tf.sub(tf.sigmoid(xy), 0.5), s), 0.5);
}

export const yolov4HeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'YOLOV4Head',
  summary: "YOLOv3's head with a CIoU loss, centers past their cells and several anchors for each object",
  paper: 'Bochkovskiy, Wang and Liao, YOLOv4: Optimal Speed and Accuracy of Object Detection, 2020',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example: `{
  type: 'YOLOV4Head',
  num_classes: 80,
  out_channels: [256, 256, 512, 512, 512],
  featmap_strides: [4, 8, 16, 32, 64],
  scale_x_y: 1.1,
  anchor_generator: { type: 'YOLOAnchorGenerator', base_sizes: [[[10, 13]], [[16, 30]], [[30, 61]], [[62, 45]], [[116, 90]]], strides: [4, 8, 16, 32, 64] },
}`,
  options,
  inferred: { in_channels: "the neck's channels", num_classes: 'the classes of the dataset' },
  infer: (given, context) => {
    const o = inferYOLOAnchors('YOLOV4Head', given, context);
    const { scale_x_y: scales } = given;
    if (Array.isArray(scales) && scales.length !== o.in_channels.length)
      throw new DetLabError(
        `Cannot build YOLOV4Head at ${context.path}: expected one of scale_x_y for each of ${o.in_channels.length} levels, ` +
          `received ${scales.length}`,
      );
    return o;
  },
  build: (given, context) => new YOLOV4Head(given as YOLOV4HeadConfig, context),
});
