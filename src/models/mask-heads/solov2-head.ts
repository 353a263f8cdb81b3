// SOLOV2Head: each cell predicts a filter in place of a mask, and its mask is that filter on one map of the image (Wang et al.,
// SOLOv2: Dynamic and Fast Instance Segmentation, NeurIPS 2020).
//   levels -> mask_feature_head -> one map F [N, H, W, E]
//   level, with coordinates -> S x S -> kernel_convs -> conv_kernel -> filters [N, S, S, E];  mask of a cell = filter . F
//   level -> S x S -> cls_convs -> conv_cls -> [N, S, S, classes]

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { applyInitCfg, Conv2d, type ConvCfg, ConvModule, Sequential } from '../../nn';
import { interpolate } from '../../ops';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import { withCoordinates } from '../layers/coordinate-channels';
import { type GridMaps, GridMaskHead, type TargetMap } from './grid-mask-head';
import type { LevelMaskTensors } from './grid-mask-parts';
import type { GridTargets } from './grid-targets';
import { type MaskFeatConfig, MaskFeatModule, maskFeatureHeadOption } from './mask-feat-module';
import { byLevel, imageOf, resizedLevels } from './solo-head';
import { dcnOption, type GridMaskHeadConfig, gridInit, gridOptions } from './solo-options';

/** The map that masks are computed from, and the filters [N, S, S, E] of each level. */
interface DynamicMasks {
  features: tf.Tensor4D;
  filters: tf.Tensor4D[];
}

const options = z.strictObject({
  ...gridOptions,
  mask_feature_head: maskFeatureHeadOption,
  dynamic_conv_size: z
    .literal(1, { error: 'must be 1: the masks of larger filters would be smaller than their targets' })
    .default(1)
    .describe('Size of the predicted filters'),
  dcn_cfg: dcnOption,
  dcn_apply_to_all_conv: z
    .boolean()
    .default(true)
    .describe('Use dcn_cfg in all convolutions of both towers; false: in the last ones alone'),
  init_cfg: gridInit('conv_cls'),
});
type Config = GridMaskHeadConfig & {
  mask_feature_head: MaskFeatConfig;
  dcn_cfg?: ConvCfg | null;
  dcn_apply_to_all_conv: boolean;
};

export class SOLOV2Head extends GridMaskHead<Config, DynamicMasks> {
  private readonly kernelConvs: Sequential<ConvModule>;
  private readonly clsConvs: Sequential<ConvModule>;
  private readonly kernel: Conv2d;
  private readonly cls: Conv2d;
  private readonly featureHead: MaskFeatModule;

  constructor(config: Config, context: BuildContext) {
    super(config, context);
    const { in_channels, feat_channels: inChannels, mask_feature_head: features, num_classes } = config;
    this.mapStride = features.mask_stride;
    if (context.inputs && features.end_level >= context.inputs.length)
      throw new DetLabError(
        `Cannot build SOLOV2Head at ${context.path}: mask_feature_head.end_level is ${features.end_level}, but the feature ` +
          `levels are 0 to ${context.inputs.length - 1}`,
      );
    const predictor = (outChannels: number) => new Conv2d({ inChannels, outChannels, kernelSize: 3, padding: 1 });
    this.clsConvs = this.addChild('cls_convs', this.tower(in_channels));
    this.kernelConvs = this.addChild('kernel_convs', this.tower(in_channels + 2));
    this.cls = this.addChild('conv_cls', predictor(num_classes));
    this.kernel = this.addChild('conv_kernel', predictor(features.out_channels));
    this.featureHead = this.addChild('mask_feature_head', new MaskFeatModule(features));
    applyInitCfg(this, config.init_cfg);
    this.featureHead.initialize();
  }

  private tower(inChannels: number): Sequential<ConvModule> {
    const { stacked_convs, feat_channels, norm_cfg: normCfg, dcn_cfg, dcn_apply_to_all_conv: all } = this.config;
    const layer = (_: unknown, i: number) =>
      new ConvModule({
        inChannels: i === 0 ? inChannels : feat_channels,
        outChannels: feat_channels,
        kernelSize: 3,
        padding: 1,
        convCfg: all || i === stacked_convs - 1 ? dcn_cfg : null,
        normCfg,
      });
    return new Sequential(Array.from({ length: stacked_convs }, layer));
  }

  protected override maps(features: tf.Tensor4D[]): GridMaps<DynamicMasks> {
    const grids = resizedLevels(features).map((x, level) => {
      const size: [number, number] = [this.config.num_grids[level], this.config.num_grids[level]];
      const cells = interpolate(withCoordinates(x, 'xy'), { size, mode: 'bilinear' });
      const channels = cells.shape[3] - 2;
      return { cells, plain: tf.slice(cells, [0, 0, 0, 0], [-1, -1, -1, channels]) };
    });
    return {
      masks: {
        features: this.featureHead.forward(features),
        filters: grids.map(({ cells }) => this.kernel.forward(this.kernelConvs.forward(cells))),
      },
      logits: grids.map(({ plain }) => this.cls.forward(this.clsConvs.forward(plain))),
    };
  }

  protected override targetMap({ features }: DynamicMasks): TargetMap {
    return { size: [features.shape[1], features.shape[2]], stride: this.mapStride };
  }

  protected override targetsOf(assigned: GridTargets): GridTargets {
    return assigned;
  }

  protected override levelMasks(
    { features, filters }: DynamicMasks,
    level: number,
    image: number,
    cells: Int32Array,
  ): tf.Tensor3D {
    const [, h, w, channels] = features.shape;
    const ofImage = imageOf(filters[level], image).reshape<tf.Tensor2D>([-1, channels]);
    const chosen = tf.gather(ofImage, tf.tensor1d(cells, 'int32')); // [k, E]
    const pixels = imageOf(features, image).reshape<tf.Tensor2D>([h * w, channels]);
    return tf.matMul(chosen, pixels, false, true).cast('float32').reshape<tf.Tensor3D>([cells.length, h, w]);
  }

  protected override levelTensors({ features, filters }: DynamicMasks, level: number): LevelMaskTensors {
    const [count, , , channels] = features.shape;
    return { filters: filters[level].reshape([count, -1, channels]), map: features };
  }

  protected override probabilities(masks: DynamicMasks, image: number, cells: Int32Array): tf.Tensor3D {
    return tf.sigmoid(byLevel(cells, this.config.num_grids, (level, own) => this.levelMasks(masks, level, image, own)));
  }
}

function infer(given: z.output<typeof options>, context: BuildContext): z.output<typeof options> {
  const head = inferDenseHead('SOLOV2Head', given, context);
  const { in_channels: channels = head.in_channels } = head.mask_feature_head;
  if (channels === head.in_channels)
    return { ...head, mask_feature_head: { ...head.mask_feature_head, in_channels: channels } };
  throw new DetLabError(
    `Cannot build SOLOV2Head at ${context.path}: its in_channels is ${head.in_channels}, but that of mask_feature_head is ` +
      `${channels}. Leave the latter out`,
  );
}

export const solov2HeadDefinition = defineModule({
  kind: 'mask_head',
  type: 'SOLOV2Head',
  summary: 'SOLO whose cells predict filters, which give their masks from one map of the image',
  paper: 'Wang et al., SOLOv2: Dynamic and Fast Instance Segmentation, NeurIPS 2020',
  shapes: 'feature levels [N, H, W, C] -> per image, masks, boxes [n, 4], scores [n] and labels [n]',
  example:
    "{ type: 'SOLOV2Head', num_classes: 80, in_channels: 256, feat_channels: 512, mask_feature_head: { feat_channels: 128, start_level: 0, end_level: 3, out_channels: 256 } }",
  options,
  inferred: denseHeadInferred,
  infer,
  build: (given, context) => new SOLOV2Head(given as Config, context),
});
