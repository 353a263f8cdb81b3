// MaskIoUHead: judges a predicted mask, by its IoU with the object's (Huang et al., Mask Scoring R-CNN, CVPR 2019). It reads the
// features of the RoI and the mask, and has one IoU for each class.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import { applyInitCfg, Conv2d, type InitCfg, initCfg, Linear, Module, ModuleList } from '../../../nn';
import { maxPool2d } from '../../../ops';
import { inferHeadChannels } from '../../inferred-options/infer-head-channels';
import { inferNumClasses } from '../../inferred-options/infer-num-classes';
import type { Loss } from '../../losses';
import { ofClasses } from './coarse-mask-head';

const size = z.number().int().positive();
const start: InitCfg[] = [
  { type: 'Kaiming', override: { name: 'convs' } },
  { type: 'Caffe2Xavier', override: { name: 'fcs' } },
  { type: 'Normal', std: 0.01, override: { name: 'fc_mask_iou' } },
];
const options = z.strictObject({
  num_convs: size.default(4).describe('3x3 convolutions; the last one halves the map'),
  num_fcs: size.default(2).describe('Fully connected layers'),
  roi_feat_size: z
    .union([size, z.tuple([size, size])])
    .default(14)
    .describe('Size of a pooled RoI, or [height, width]: even, half that of the mask'),
  in_channels: size.optional().describe('Channels of a pooled RoI'),
  conv_out_channels: size.default(256).describe('Channels of the convolutions'),
  fc_out_channels: size.default(1024).describe('Features of the fully connected layers'),
  num_classes: size.optional().describe('Foreground classes'),
  loss_iou: moduleOption('loss').default({ type: 'MSELoss', loss_weight: 0.5 }).describe('Loss of the IoU'),
  init_cfg: initCfg.nullable().default(start).describe('Weight initialisation'),
});
export type MaskIoUHeadConfig = z.output<typeof options> & { in_channels: number; num_classes: number };

export class MaskIoUHead extends Module {
  readonly loss: Loss;
  private readonly convs: ModuleList<Conv2d>;
  private readonly fcs: ModuleList<Linear>;
  private readonly iou: Linear;

  constructor(config: MaskIoUHeadConfig, { registry, path }: BuildContext) {
    super();
    const { num_convs, num_fcs, in_channels, conv_out_channels: width, fc_out_channels, roi_feat_size } = config;
    const [h, w] = typeof roi_feat_size === 'number' ? [roi_feat_size, roi_feat_size] : roi_feat_size;
    if ((h % 2) + (w % 2) > 0)
      throw new DetLabError(
        `Cannot build MaskIoUHead at ${path}: expected an even roi_feat_size, received ${h} x ${w}. Give for example 14`,
      );
    const conv = (_: unknown, i: number) =>
      new Conv2d({
        inChannels: i === 0 ? in_channels + 1 : width,
        outChannels: width,
        kernelSize: 3,
        padding: 1,
        stride: i === num_convs - 1 ? 2 : 1,
      });
    const chw: [number, number, number] = [width, h / 2, w / 2];
    const fc = (_: unknown, i: number) =>
      i === 0
        ? new Linear({ inFeatures: (width * h * w) / 4, chw, outFeatures: fc_out_channels })
        : new Linear({ inFeatures: fc_out_channels, outFeatures: fc_out_channels });
    this.convs = this.addChild('convs', new ModuleList(Array.from({ length: num_convs }, conv)));
    this.fcs = this.addChild('fcs', new ModuleList(Array.from({ length: num_fcs }, fc)));
    const iou = new Linear({ inFeatures: fc_out_channels, outFeatures: config.num_classes });
    this.iou = this.addChild('fc_mask_iou', iou);
    this.loss = registry.build('loss', config.loss_iou, { path: `${path}.loss_iou` });
    applyInitCfg(this, config.init_cfg);
  }

  /** Pooled RoIs [K, h, w, C], logits of their masks [K, 2 h, 2 w] -> IoU of each as a mask of its class `labels` [K]. */
  forward(pooled: tf.Tensor4D, logits: tf.Tensor3D, labels: Int32Array | tf.Tensor1D): tf.Tensor1D {
    return tf.tidy(() => {
      const mask = maxPool2d(tf.sigmoid(logits.expandDims<tf.Tensor4D>(3)), { size: [2, 2] });
      let y: tf.Tensor4D = tf.concat([pooled, mask], 3);
      for (const conv of this.convs) y = conv.forward(y, { activation: 'relu' });
      let row: tf.Tensor2D = y.reshape([y.shape[0], -1]);
      for (const fc of this.fcs) row = fc.forward(row, { activation: 'relu' });
      const ious = this.iou.forward(row); // [K, classes]
      return ofClasses(ious, labels);
    });
  }
}

declare module '../../../catalogue/registry' {
  interface Built {
    mask_iou_head: MaskIoUHead;
  }
}

export const maskIoUHeadDefinition = defineModule({
  kind: 'mask_iou_head',
  type: 'MaskIoUHead',
  summary: 'Predicts the IoU of predicted masks with those of the objects, by class',
  paper: 'Huang et al., Mask Scoring R-CNN, CVPR 2019',
  shapes: 'pooled RoIs [K, h, w, C], mask logits [K, 2 h, 2 w] -> IoU [K]',
  example: "{ type: 'MaskIoUHead', num_convs: 4, in_channels: 256, num_classes: 80 }",
  options,
  inferred: { in_channels: "the RoI extractor's channels", num_classes: 'the classes of the dataset' },
  infer: (given, context) => ({
    ...given,
    in_channels: inferHeadChannels('MaskIoUHead', given.in_channels, context),
    num_classes: inferNumClasses('MaskIoUHead', given.num_classes, context),
  }),
  build: (given, context) => new MaskIoUHead(given as MaskIoUHeadConfig, context),
});
