// YOLOv7Head: YOLOv5's predictions and losses, of anchors that ground truth chooses by cost among those of its shape; auxiliary
// predictions, while training, of anchors in more cells around it (Wang et al., CVPR 2023; MMYOLO). Regions to ignore act as in
// YOLOv5Head; MMYOLO does not read `ignore_iof_thr` here.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import type { Instances } from '../task-modules';
import { matchByCost } from '../task-modules/assigners/match-by-cost';
import type { DetBatch, Losses } from '../types';
import type { DenseOutputs } from './dense-outputs';
import { type LevelTargets, type LossParts, YOLOv5Head, yolov5HeadOptions } from './yolov5-head';

const options = z.strictObject({
  ...yolov5HeadOptions,
  simota_candidate_topk: z
    .int()
    .positive()
    .default(20)
    .describe('Highest IoUs whose sum is the number of anchors of a box'),
  simota_iou_weight: z.number().default(3).describe('Weight of the IoU cost'),
  simota_cls_weight: z.number().default(1).describe('Weight of the classification cost'),
  aux_loss_weights: z.number().default(0.25).describe('Factor on the losses of the auxiliary predictions'),
});
export type YOLOv7HeadConfig = z.output<typeof options>;

type Maps = 'predictions' | 'auxiliary';

export class YOLOv7Head extends YOLOv5Head<YOLOv7HeadConfig, Maps> {
  constructor(config: YOLOv7HeadConfig, context: BuildContext) {
    super(config, context, 'YOLOv7Head');
  }

  protected override matchedLosses(
    outputs: DenseOutputs<Maps>,
    matches: readonly LevelTargets[],
    images: readonly Instances[],
    batch: DetBatch,
  ): Losses {
    const { predictions, auxiliary } = outputs.maps as Partial<typeof outputs.maps> & typeof outputs.maps;
    const main = this.sumOfLevels(predictions, matches);
    if (!auxiliary) return this.scaledLosses(main, images.length);
    // by the cost of the main predictions
    const more = this.match(images, outputs, batch, 2 * this.config.near_neighbor_thr);
    const aux = this.sumOfLevels(auxiliary, more);
    const add = (name: keyof LossParts) =>
      tf.add<tf.Scalar>(main[name], tf.mul(aux[name], this.config.aux_loss_weights));
    return this.scaledLosses({ cls: add('cls'), obj: add('obj'), bbox: add('bbox') }, images.length);
  }

  /** The candidates by shape, then those of lowest cost; their predictions are read once. */
  protected override match(
    images: readonly Instances[],
    outputs: DenseOutputs<Maps>,
    batch: DetBatch,
    neighbor?: number,
  ): LevelTargets[] {
    const levels = super.match(images, outputs, batch, neighbor);
    const { simota_candidate_topk: topk, simota_iou_weight: iouWeight, simota_cls_weight: clsWeight } = this.config;
    const columns = this.columns.predictions;
    const read = tf.tidy(() => {
      const rows = levels.map(({ rows }, level) => {
        const table = outputs.maps.predictions[level].reshape([-1, columns]);
        return tf.gather(table, tf.tensor1d(rows, 'int32')).cast('float32');
      });
      return tf.concat(rows, 0).dataSync<'float32'>();
    });
    const counts = levels.map(({ rows }) => rows.length * columns);
    const starts = counts.map((_, level) => counts.slice(0, level).reduce((a, b) => a + b, 0));
    const matched = levels.map((matches, level) => ({
      matches,
      predictions: read.subarray(starts[level], starts[level] + counts[level]),
      size: outputs.sizes[level],
      stride: this.priors.strides[level][0],
    }));
    const chosen = matchByCost(matched, images, batch.batchShape, { topk, iouWeight, clsWeight });
    return chosen.map((matches, level) => ({ ...matches, used: levels[level].used }));
  }
}

export const yolov7HeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'YOLOv7Head',
  summary: 'YOLOv5Head whose anchors are chosen by cost among those of the shape of a box, with auxiliary predictions',
  paper: 'Wang et al., YOLOv7, CVPR 2023 (MMYOLO)',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example: `{
  type: 'YOLOv7Head',
  head_module: { type: 'YOLOv7HeadModule', num_classes: 80, in_channels: [256, 256, 256, 256, 256], featmap_strides: [4, 8, 16, 32, 64] },
  prior_generator: { type: 'YOLOAnchorGenerator', base_sizes: [[[10, 13], [16, 30], [33, 23]], [[30, 61], [62, 45], [59, 119]], [[116, 90], [156, 198], [373, 326]], [[436, 615], [739, 380], [925, 792]], [[500, 500], [800, 400], [400, 800]]], strides: [4, 8, 16, 32, 64] },
  obj_level_weights: [4, 4, 1, 0.4, 0.1],
}`,
  options,
  build: (given, context) => new YOLOv7Head(given, context),
});
