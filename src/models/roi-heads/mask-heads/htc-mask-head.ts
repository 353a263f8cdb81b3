// HTCMaskHead: an FCNMaskHead that also reads the map of the mask head of the stage before (Chen et al., Hybrid Task Cascade,
// CVPR 2019).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import { ConvModule } from '../../../nn';
import { FCNMaskHead, type FCNMaskHeadConfig, fcnMaskHeadOptions, inferMaskHead } from './fcn-mask-head';

const options = z.strictObject({
  ...fcnMaskHeadOptions,
  with_conv_res: z.boolean().default(true).describe('Reads the map of the stage before, through a 1x1 convolution'),
});
type Config = FCNMaskHeadConfig & z.output<typeof options>;

export class HTCMaskHead extends FCNMaskHead {
  private readonly residual?: ConvModule;

  constructor(config: Config, context: BuildContext) {
    super(config, context);
    const { conv_out_channels: channels, conv_cfg: convCfg, norm_cfg: normCfg, in_channels } = config;
    if (!config.with_conv_res) return;
    if (in_channels !== channels)
      throw new DetLabError(
        `Cannot build HTCMaskHead at ${context.path}: the map of the stage before has ${channels} channels ` +
          `(conv_out_channels), what it is added to ${in_channels} (in_channels). Make them equal`,
      );
    const conv = { inChannels: channels, outChannels: channels, kernelSize: 1, convCfg, normCfg };
    this.residual = this.addChild('conv_res', new ConvModule(conv));
  }

  /** Pooled RoIs, with the map of the stage before where it reads one. */
  join(pooled: tf.Tensor4D, before: tf.Tensor4D | undefined): tf.Tensor4D {
    if (!before) return pooled;
    if (!this.residual)
      throw new DetLabError(
        'Cannot pass the map of a mask head on to the next stage: it has with_conv_res false. Only the first stage may, or set ' +
          'mask_info_flow to false',
      );
    return tf.add(pooled, this.residual.forward(before));
  }

  /** The map [K, h, w, C] that the next stage reads. */
  map(joined: tf.Tensor4D): tf.Tensor4D {
    return this.features(joined);
  }
}

export const htcMaskHeadDefinition = defineModule({
  kind: 'mask_head',
  type: 'HTCMaskHead',
  summary: 'Instance masks in RoIs, from the map of the mask head of the stage before too',
  paper: 'Chen et al., Hybrid Task Cascade for Instance Segmentation, CVPR 2019',
  shapes: 'pooled RoIs [K, h, w, C] -> logits [K, 2 h, 2 w, classes]',
  example: "{ type: 'HTCMaskHead', with_conv_res: false, num_convs: 4, in_channels: 256, num_classes: 80 }",
  options,
  inferred: { in_channels: "the RoI extractor's channels", num_classes: 'the classes of the dataset' },
  infer: (given, context) => inferMaskHead('HTCMaskHead', given, context),
  build: (given, context) => new HTCMaskHead(given as Config, context),
});
