// YOLOV3Head: the losses of YOLOv3, of center, size, objectness and classes (Redmon and Farhadi, YOLOv3, 2018). They are means
// over all predictions of a level. N images, T anchors over all levels, C classes.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import { takeBoxes } from '../../geometry/boxes';
import { joinArrays } from '../join-arrays';
import type { Loss } from '../losses';
import type { Size } from '../task-modules';
import type { Losses } from '../types';
import type { BatchTargets } from './batch-targets';
import type { DenseOutputs } from './dense-outputs';
import { flattenLevels } from './flatten-levels';
import { anchorsOption, lossClsOption, sigmoidEntropy } from './head-options';
import { levelSpans } from './image-rows';
import { inferYOLOAnchors, YOLOAnchorHead, yoloAnchorOptions } from './yolo-anchor-head';

const options = z.strictObject({
  ...yoloAnchorOptions('coarsest', [1024, 512, 256], [32, 16, 8]),
  anchor_generator: anchorsOption({
    type: 'YOLOAnchorGenerator',
    base_sizes: [
      [
        [116, 90],
        [156, 198],
        [373, 326],
      ],
      [
        [30, 61],
        [62, 45],
        [59, 119],
      ],
      [
        [10, 13],
        [16, 30],
        [33, 23],
      ],
    ],
    strides: [32, 16, 8],
  }),
  one_hot_smoother: z.number().min(0).max(1).default(0).describe('Label smoothing of the class targets'),
  loss_cls: lossClsOption(sigmoidEntropy),
  loss_conf: moduleOption('loss').default(sigmoidEntropy).describe('Objectness loss'),
  loss_xy: moduleOption('loss').default(sigmoidEntropy).describe('Loss of the center'),
  loss_wh: moduleOption('loss').default({ type: 'MSELoss', loss_weight: 1 }).describe('Loss of the size'),
});
export type YOLOV3HeadConfig = z.output<typeof options> & { num_classes: number; in_channels: number[] };

const LOSSES = ['loss_cls', 'loss_conf', 'loss_xy', 'loss_wh'] as const;

export class YOLOV3Head extends YOLOAnchorHead<YOLOV3HeadConfig> {
  protected readonly lossFns: Record<(typeof LOSSES)[number], Loss>;

  constructor(config: YOLOV3HeadConfig, context: BuildContext) {
    super(config, context, 'YOLOV3Head');
    const { registry, path } = context;
    const loss = (name: (typeof LOSSES)[number]) => registry.build('loss', config[name], { path: `${path}.${name}` });
    this.lossFns = {
      loss_cls: loss('loss_cls'),
      loss_conf: loss('loss_conf'),
      loss_xy: loss('loss_xy'),
      loss_wh: loss('loss_wh'),
    };
  }

  /** Of each name a list, one for each level. */
  protected override losses({ maps, sizes }: DenseOutputs<'predictions'>, targets: BatchTargets): Losses {
    const total = this.priorCache.of(sizes).length / 4;
    const { table, used } = this.targetTable(targets);
    const images = targets.images.length;
    const parts = [2, 2, 1, this.numClasses];
    const levels = levelSpans(this.priorCache.counts(sizes)).map(([start, end], level) => {
      const cut = (values: Float32Array) => {
        const columns = values.length / (images * total);
        const rows = Array.from({ length: images }, (_, i) =>
          values.subarray((i * total + start) * columns, (i * total + end) * columns),
        );
        return tf.tensor3d(joinArrays(rows), [images, end - start, columns]);
      };
      const [xy, wh, conf, cls] = tf.split(
        flattenLevels([maps.predictions[level]], this.columns.predictions),
        parts,
        2,
      );
      const [txy, twh, tconf, tcls] = tf.split(cut(table), parts, 2);
      const { loss_cls, loss_conf, loss_xy, loss_wh } = this.lossFns;
      return {
        loss_cls: loss_cls.forward(cls, tcls, { weight: tconf }),
        loss_conf: loss_conf.forward(conf.squeeze([2]), tconf.squeeze([2]), { weight: cut(used).squeeze([2]) }),
        loss_xy: loss_xy.forward(xy, txy, { weight: tconf }),
        loss_wh: loss_wh.forward(wh, twh, { weight: tconf }),
      };
    });
    return Object.fromEntries(LOSSES.map((name) => [name, levels.map((losses) => losses[name] as tf.Scalar)]));
  }

  /** What every anchor should predict [N * T, 5 + C], and 1 for those whose objectness enters the loss [N * T]. */
  private targetTable(targets: BatchTargets): { table: Float32Array; used: Float32Array } {
    const { positives, boxes, labels, labelWeights } = targets;
    const columns = this.columns.predictions;
    const { one_hot_smoother: smooth } = this.config;
    const table = new Float32Array(labels.length * columns);
    for (const [k, row] of positives.entries()) {
      const at = row * columns;
      table.set(boxes.subarray(4 * k, 4 * k + 4), at);
      table[at + 4] = 1;
      for (let c = 0; c < this.numClasses; c++)
        table[at + 5 + c] = (c === labels[row] ? 1 - smooth : 0) + smooth / this.numClasses;
    }
    return { table, used: labelWeights };
  }

  protected override boxTargets(boxes: Float32Array, priors: Int32Array, sizes: Size[]): Float32Array {
    const strides = this.strides(sizes);
    return this.coder.encode(takeBoxes(this.priorCache.of(sizes), priors), boxes, {
      strides: Float32Array.from(priors, (prior) => strides[prior]),
    });
  }
}

export const yolov3HeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'YOLOV3Head',
  summary: 'Anchor-based head: center, size, objectness and classes, coarsest level first',
  paper: 'Redmon and Farhadi, YOLOv3, 2018',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example: `{
  type: 'YOLOV3Head',
  num_classes: 80,
  out_channels: [512, 512, 256, 256, 256],
  featmap_strides: [4, 8, 16, 32, 64],
  anchor_generator: { type: 'YOLOAnchorGenerator', base_sizes: [[[10, 13]], [[16, 30]], [[30, 61]], [[62, 45]], [[116, 90]]], strides: [4, 8, 16, 32, 64] },
}`,
  options,
  inferred: { in_channels: "the neck's channels", num_classes: 'the classes of the dataset' },
  infer: (given, context) => inferYOLOAnchors('YOLOV3Head', given, context),
  build: (given, context) => new YOLOV3Head(given as YOLOV3HeadConfig, context),
});
