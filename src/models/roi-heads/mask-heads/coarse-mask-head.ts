// CoarseMaskHead: a small mask of each class in every RoI by fully connected layers, which points refine (Kirillov et al., PointRend,
// CVPR 2020).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import { applyInitCfg, ConvModule, type InitCfg, initCfg, Linear, Module, ModuleList } from '../../../nn';
import { oneHot } from '../../../ops/one-hot';
import type { CrossEntropyLoss } from '../../losses';
import type { MaskHead } from '../types';
import { buildMaskLoss, fcnMaskHeadOptions, inferMaskHead } from './fcn-mask-head';

const size = z.number().int().positive();
const start: InitCfg = {
  type: 'Xavier',
  override: [{ name: 'fcs' }, { type: 'Constant', val: 0.001, name: 'fc_logits' }],
};
const { upsample_cfg: _up, predictor_cfg: _predictor, class_agnostic: _agnostic, ...shared } = fcnMaskHeadOptions;
const options = z.strictObject({
  ...shared,
  num_convs: z.number().int().min(0).default(0).describe('Convolutions before the layers'),
  roi_feat_size: z
    .union([size, z.tuple([size, size])])
    .default(14)
    .describe('Size of a pooled RoI, or [height, width]'),
  class_agnostic: z.literal(false).default(false).describe('Must be false: one mask for each class'),
  num_fcs: size.default(2).describe('Fully connected layers'),
  fc_out_channels: size.default(1024).describe('Features of the fully connected layers'),
  downsample_factor: size.default(2).describe('Size of a pooled RoI over that of the mask'),
  init_cfg: initCfg.nullable().default(start).describe('Weight initialisation'),
});
type Config = z.output<typeof options> & { in_channels: number; num_classes: number };

export class CoarseMaskHead extends Module implements MaskHead {
  readonly numClasses: number;
  private readonly convs: ModuleList<ConvModule>;
  private readonly downsample?: ConvModule;
  private readonly fcs: ModuleList<Linear>;
  private readonly logits: Linear;
  private readonly size: [number, number];
  private readonly lossMask: Pick<CrossEntropyLoss, 'forwardMask'>;

  constructor(config: Config, context: BuildContext) {
    super();
    const { num_convs, in_channels, conv_out_channels: outChannels, downsample_factor: factor, roi_feat_size } = config;
    const [h, w] = typeof roi_feat_size === 'number' ? [roi_feat_size, roi_feat_size] : roi_feat_size;
    this.numClasses = config.num_classes;
    this.size = [Math.floor(h / factor), Math.floor(w / factor)];
    this.lossMask = buildMaskLoss('CoarseMaskHead', config.loss_mask, context);
    const kinds = { convCfg: config.conv_cfg, normCfg: config.norm_cfg };
    const kernelSize = config.conv_kernel_size;
    const conv = (_: unknown, i: number) =>
      new ConvModule({
        inChannels: i === 0 ? in_channels : outChannels,
        outChannels,
        kernelSize,
        padding: (kernelSize - 1) >> 1,
        ...kinds,
      });
    this.convs = this.addChild('convs', new ModuleList(Array.from({ length: num_convs }, conv)));
    const channels = num_convs > 0 ? outChannels : in_channels;
    if (factor > 1) {
      const strided = { inChannels: channels, outChannels, kernelSize: factor, stride: factor, ...kinds };
      this.downsample = this.addChild('downsample_conv', new ConvModule(strided));
    } else if (channels !== outChannels)
      throw new DetLabError(
        `Cannot build CoarseMaskHead at ${context.path}: with downsample_factor 1 and no convolutions expected conv_out_channels ` +
          `${channels} (in_channels), received ${outChannels}`,
      );
    const chw: [number, number, number] = [outChannels, ...this.size];
    const area = this.size[0] * this.size[1];
    const outFeatures = config.fc_out_channels;
    const fc = (_: unknown, i: number) =>
      i === 0
        ? new Linear({ inFeatures: outChannels * area, chw, outFeatures })
        : new Linear({ inFeatures: outFeatures, outFeatures });
    this.fcs = this.addChild('fcs', new ModuleList(Array.from({ length: config.num_fcs }, fc)));
    const last = new Linear({ inFeatures: outFeatures, outFeatures: config.num_classes * area });
    this.logits = this.addChild('fc_logits', last);
    applyInitCfg(this, config.init_cfg);
  }

  forward(pooled: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      let map = pooled;
      for (const conv of this.convs) map = conv.forward(map);
      if (this.downsample) map = this.downsample.forward(map);
      let row: tf.Tensor2D = map.reshape([map.shape[0], -1]);
      for (const fc of this.fcs) row = fc.forward(row, { activation: 'relu' });
      const masks = this.logits.forward(row).reshape([row.shape[0], this.numClasses, ...this.size]);
      return tf.transpose(masks, [0, 2, 3, 1]) as tf.Tensor4D;
    });
  }

  classLogits(pooled: tf.Tensor4D, labels: Int32Array | tf.Tensor1D): tf.Tensor3D {
    return tf.tidy(() => ofClasses(this.forward(pooled), labels));
  }

  loss(logits: tf.Tensor3D, targets: tf.Tensor3D): tf.Scalar {
    const one = tf.zeros<tf.Rank.R1>([logits.shape[0]], 'int32');
    return this.lossMask.forwardMask(logits.cast<tf.Tensor3D>('float32').expandDims<tf.Tensor4D>(3), targets, one);
  }
}

/** Of [K, ..., classes] the class of each row. */
export function ofClasses<T extends tf.Tensor>(all: tf.Tensor, labels: Int32Array | tf.Tensor1D): T {
  const classes = all.shape[all.rank - 1];
  const rows = all.shape.slice(1, -1);
  const of = labels instanceof tf.Tensor ? labels : tf.tensor1d(labels, 'int32');
  const chosen = oneHot(of, classes); // [K, classes]
  return tf.sum(tf.mul(all, chosen.reshape([all.shape[0], ...rows.map(() => 1), classes])), -1) as T;
}

export const coarseMaskHeadDefinition = defineModule({
  kind: 'mask_head',
  type: 'CoarseMaskHead',
  summary: 'Coarse instance masks by fully connected layers, which PointRend refines',
  paper: 'Kirillov et al., PointRend: Image Segmentation as Rendering, CVPR 2020',
  shapes: 'pooled RoIs [K, h, w, C] -> logits [K, h / 2, w / 2, classes]',
  example: "{ type: 'CoarseMaskHead', num_fcs: 2, in_channels: 256, num_classes: 80 }",
  options,
  inferred: { in_channels: "the RoI extractor's channels", num_classes: 'the classes of the dataset' },
  infer: (given, context) => inferMaskHead('CoarseMaskHead', given, context),
  build: (given, context) => new CoarseMaskHead(given as Config, context),
});
