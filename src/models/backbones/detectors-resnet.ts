// DetectoRS's ResNet and ResNeXt (Qiao et al., CVPR 2021): switchable atrous convolution in its bottlenecks, and a second way through
// the same layers that adds a pyramid's levels in the first block of every stage but the first (the RFP neck).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { Conv2d } from '../../nn/conv2d';
import { kaiming, zeros } from '../../nn/initializers';
import type { FeatureSpec } from '../types';
import type { BlockConfig } from './basic-block';
import { Bottleneck } from './bottleneck';
import { ResidualNetwork } from './residual-network';
import { checkStages, residualOptions } from './residual-options';
import { bottleneckDepth, bottleneckStages, groupOptions } from './resnext';

const detectorsOptions = {
  depth: bottleneckDepth,
  sac: z
    .strictObject({
      type: z.literal('SAC').describe('Switchable atrous convolution'),
      use_deform: z.boolean().default(false).describe('Both of its convolutions are deformable'),
    })
    .nullable()
    .default(null)
    .describe('Switchable atrous convolution used for the 3x3 convolutions in the stages of stage_with_sac'),
  stage_with_sac: z.array(z.boolean()).default([false, false, false, false]).describe('Stages that have it'),
  rfp_inplanes: z
    .int()
    .positive()
    .nullable()
    .default(null)
    .describe("Channels that come back from the pyramid: the RFP's branches times aspp_out_channels"),
  output_img: z.boolean().default(false).describe('Return the image as the first level, as the RFP neck expects'),
  ...residualOptions,
};
const options = z.strictObject(detectorsOptions);
const groupedOptions = z.strictObject({ ...groupOptions, ...detectorsOptions });
export type DetectoRSResNetOptions = z.output<typeof options> &
  Partial<Pick<z.output<typeof groupedOptions>, keyof typeof groupOptions>>;

class RecursiveBottleneck extends Bottleneck {
  private readonly feedback?: Conv2d;

  constructor(config: BlockConfig, inplanes: number | null) {
    super(config);
    const outChannels = config.outPlanes ?? config.planes * Bottleneck.expansion;
    const sizes = { inChannels: inplanes ?? 0, outChannels, kernelSize: 1, init: kaiming(), biasInit: zeros };
    if (inplanes) this.feedback = this.addChild('rfp_conv', new Conv2d(sizes));
  }

  /** The block's sum and, where this block takes it, the pyramid's level. */
  recurse(x: tf.Tensor4D, level: tf.Tensor4D | undefined): tf.Tensor4D {
    return tf.tidy(() => {
      if (!this.feedback || !level) return this.forward(x);
      return tf.relu(tf.add<tf.Tensor4D>(this.sum(x), this.feedback.forward(level)));
    });
  }
}

/**
 * @example new DetectoRSResNet(detectorsResNet.options.parse({ depth: 50, output_img: true })).forward(images)
 */
export class DetectoRSResNet extends ResidualNetwork {
  constructor(private readonly config: DetectoRSResNetOptions) {
    super(config, {
      stem: config.deep_stem ? 'deep' : 'plain',
      stemChannels: config.stem_channels ?? config.base_channels,
      stages: bottleneckStages(config),
      block: (block, stage) =>
        new RecursiveBottleneck(
          config.sac && config.stage_with_sac[stage] ? { ...block, middleCfg: config.sac } : block,
          stage > 0 && block.first ? config.rfp_inplanes : null,
        ),
      avgDown: config.avg_down,
      poolsOnlyStrides: true,
      zeroInit: config.zero_init_residual,
      kaimingEverywhere: true,
    });
    const image: FeatureSpec = { channels: config.in_channels, stride: 1 };
    if (config.output_img) this.outputs.unshift(image);
  }

  override forward(x: tf.Tensor4D): tf.Tensor4D[] {
    const levels = super.forward(x);
    return this.config.output_img ? [tf.clone(x), ...levels] : levels;
  }

  /** The image and a pyramid, whose first level is not read -> the levels of `out_indices`. */
  rfpForward(image: tf.Tensor4D, pyramid: tf.Tensor4D[]): tf.Tensor4D[] {
    return this.run(image, (block, x, stage) =>
      (block as RecursiveBottleneck).recurse(x, stage > 0 ? pyramid[stage] : undefined),
    );
  }
}

function check<O extends DetectoRSResNetOptions>(type: string, o: O, path: string): O {
  const fail = (what: string): never => {
    throw new DetLabError(`Cannot build backbone "${type}"${path ? ` at ${path}` : ''}: ${what}`);
  };
  const checked = checkStages(type, o, { path });
  if (o.sac && o.stage_with_sac.length !== o.num_stages)
    fail(`expected ${o.num_stages} entries in stage_with_sac (num_stages), received ${o.stage_with_sac.length}`);
  if (checked.init_cfg && [checked.init_cfg].flat().some((one) => one.type !== 'Pretrained'))
    fail("init_cfg can only be { type: 'Pretrained', checkpoint }");
  return checked;
}

const paper =
  'Qiao, Chen and Yuille: DetectoRS: Detecting Objects with Recursive Feature Pyramid and Switchable Atrous Convolution, CVPR 2021';
const shapes =
  '[N, H, W, 3] -> (the image,) [N, H/4, W/4, 256], [N, H/8, W/8, 512], [N, H/16, W/16, 1024], [N, H/32, W/32, 2048]';

export const detectorsResNet = defineModule({
  kind: 'backbone',
  type: 'DetectoRS_ResNet',
  summary: 'ResNet with switchable atrous convolution and feedback connections from a recursive pyramid (RFP).',
  paper,
  shapes,
  example: "{ type: 'DetectoRS_ResNet', depth: 50, conv_cfg: { type: 'ConvAWS' }, output_img: true }",
  options,
  infer: (o, { path }) => check('DetectoRS_ResNet', o, path),
  build: (o) => new DetectoRSResNet(o),
});

export const detectorsResNeXt = defineModule({
  kind: 'backbone',
  type: 'DetectoRS_ResNeXt',
  summary: "DetectoRS's ResNet with grouped 3x3 convolutions.",
  paper,
  shapes,
  example:
    "{ type: 'DetectoRS_ResNeXt', depth: 50, groups: 32, base_width: 4, conv_cfg: { type: 'ConvAWS' }, output_img: true }",
  options: groupedOptions,
  infer: (o, { path }) => check('DetectoRS_ResNeXt', o, path),
  build: (o) => new DetectoRSResNet(o),
});
