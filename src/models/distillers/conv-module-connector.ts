// ConvModuleConnector (mmrazor): a convolution with norm and activation that brings a map to other channels.

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { anyValue, ignoredOption } from '../../catalogue/ignored-option';
import { defineModule } from '../../catalogue/registry';
import { actCfg, anyNormCfg, applyInitCfg, ConvModule, convCfg, initCfg, Module } from '../../nn';
import type { Connector } from './connector';

const step = z.enum(['conv', 'norm', 'act']);
const pair = (smallest: number) =>
  z.union([z.int().min(smallest), z.tuple([z.int().min(smallest), z.int().min(smallest)])]);

const options = z.strictObject({
  in_channel: z.int().positive().describe('Channels of the map'),
  out_channel: z.int().positive().describe('Channels that it is brought to'),
  kernel_size: pair(1).default(1).describe('Size of the filter'),
  stride: pair(1).default(1).describe('Stride of the convolution'),
  padding: pair(0).default(0).describe('Zeros around the map'),
  dilation: pair(1).default(1).describe('Spacing of the filter'),
  groups: z.int().positive().default(1).describe('Groups of channels'),
  bias: z
    .union([z.boolean(), z.literal('auto')])
    .default('auto')
    .describe('auto: a bias only without a norm'),
  conv_cfg: convCfg.nullable().default(null).describe('Convolution'),
  norm_cfg: anyNormCfg.nullable().default(null).describe('Norm'),
  act_cfg: actCfg.nullable().default({ type: 'ReLU' }).describe('Activation'),
  inplace: ignoredOption('tensors are immutable', { schema: z.boolean().default(true), harmless: anyValue }),
  with_spectral_norm: z.literal(false).default(false).describe('Spectral norm: not available'),
  padding_mode: z.literal('zeros').default('zeros').describe('What is around the map'),
  order: z.tuple([step, step, step]).default(['conv', 'norm', 'act']).describe('Order of the layers'),
  init_cfg: initCfg.nullish().describe('Weight initialisation'),
});

export class ConvModuleConnector extends Module implements Connector {
  private readonly layers: ConvModule;

  constructor(o: z.output<typeof options>) {
    super();
    const { kernel_size: kernelSize, stride, padding, dilation, groups, bias, order } = o;
    const [inChannels, outChannels] = [o.in_channel, o.out_channel];
    const shape = { inChannels, outChannels, kernelSize, stride, padding, dilation, groups, bias };
    const cfgs = { convCfg: o.conv_cfg, normCfg: o.norm_cfg, actCfg: o.act_cfg, order };
    this.layers = this.addChild('conv_module', new ConvModule({ ...shape, ...cfgs }));
    if (o.init_cfg) applyInitCfg(this, o.init_cfg);
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return this.layers.forward(x);
  }
}

export const convModuleConnectorDefinition = defineModule({
  kind: 'connector',
  type: 'ConvModuleConnector',
  summary: 'Convolution, norm and activation that bring a recorded map to other channels',
  origin: 'mmrazor',
  shapes: "[N, H, W, in_channel] -> [N, H', W', out_channel]",
  example: "{ type: 'ConvModuleConnector', in_channel: 128, out_channel: 256, act_cfg: null }",
  options,
  build: (given) => new ConvModuleConnector(given),
});
