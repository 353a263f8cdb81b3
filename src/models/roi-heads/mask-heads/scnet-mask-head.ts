// SCNetMaskHead: an FCNMaskHead with residual blocks in place of its convolutions (Vu, Kang and Yoo, SCNet, AAAI 2021).

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import { simplifiedResLayer } from '../../layers/simplified-res-layer';
import { FCNMaskHead, type FCNMaskHeadConfig, fcnMaskHeadOptions, inferMaskHead } from './fcn-mask-head';

const options = z.strictObject({
  ...fcnMaskHeadOptions,
  conv_to_res: z
    .boolean()
    .default(true)
    .describe('Residual blocks, half as many as num_convs, in place of convolutions'),
});
type Config = FCNMaskHeadConfig & z.output<typeof options>;

export class SCNetMaskHead extends FCNMaskHead {
  constructor(config: Config, context: BuildContext) {
    super(config, context);
    if (config.conv_to_res && config.conv_kernel_size !== 3)
      throw new DetLabError(
        `Cannot build SCNetMaskHead at ${context.path}: with conv_to_res expected conv_kernel_size 3, received ${config.conv_kernel_size}`,
      );
  }

  protected override buildConvs(): Iterable<{ forward(x: tf.Tensor4D): tf.Tensor4D }> {
    const { conv_to_res, in_channels, conv_out_channels, num_convs, conv_cfg, norm_cfg } = this.config as Config;
    if (!conv_to_res) return super.buildConvs();
    const kinds = { convCfg: conv_cfg, normCfg: norm_cfg };
    return this.addChild('convs', simplifiedResLayer(in_channels, conv_out_channels, num_convs >> 1, kinds));
  }
}

export const scnetMaskHeadDefinition = defineModule({
  kind: 'mask_head',
  type: 'SCNetMaskHead',
  summary: 'Instance masks in RoIs, by residual blocks and upsampling',
  paper: 'Vu, Kang and Yoo, SCNet: Training Inference Sample Consistency for Instance Segmentation, AAAI 2021',
  shapes: 'pooled RoIs [K, h, w, C] -> logits [K, 2 h, 2 w, classes]',
  example: "{ type: 'SCNetMaskHead', num_convs: 12, in_channels: 256, num_classes: 80 }",
  options,
  inferred: { in_channels: "the RoI extractor's channels", num_classes: 'the classes of the dataset' },
  infer: (given, context) => inferMaskHead('SCNetMaskHead', given, context),
  build: (given, context) => new SCNetMaskHead(given as Config, context),
});
