// A tower: the equal convolutions that dense heads put before their predictions.

import {
  type ActCfg,
  type ConvCfg,
  ConvModule,
  type ConvModuleConfig,
  DepthwiseSeparableConvModule,
  type NormCfg,
  Sequential,
} from '../../nn';

/** The options of a head that describe its towers. */
export interface TowerConfig {
  in_channels: number;
  feat_channels: number;
  stacked_convs: number;
  conv_cfg?: ConvCfg | null;
  norm_cfg?: NormCfg | null;
  act_cfg?: ActCfg | null;
  conv_bias?: ConvModuleConfig['bias'];
  use_depthwise?: boolean;
  dcn_on_last_conv?: boolean;
  /** Type of the first convolution. */
  first_conv_cfg?: ConvCfg | false;
  /** Number of first convolutions that are deformable. */
  num_dcn?: number;
}
export type TowerLayer = ConvModule | DepthwiseSeparableConvModule;

/** `stacked_convs` 3x3 convolutions with norm and activation; the first reads `in_channels`. */
export function convTower(config: TowerConfig): Sequential<TowerLayer> {
  const { in_channels, feat_channels, stacked_convs, use_depthwise, dcn_on_last_conv, num_dcn = 0 } = config;
  return new Sequential<TowerLayer>(
    Array.from({ length: stacked_convs }, (_, i) => {
      const first: ConvCfg | undefined | false =
        (i === 0 && config.first_conv_cfg) || (i < num_dcn && { type: 'DCNv2', deform_groups: 4 });
      const last: ConvCfg | undefined | false = dcn_on_last_conv && i === stacked_convs - 1 && { type: 'DCNv2' };
      const layer: ConvModuleConfig = {
        inChannels: i === 0 ? in_channels : feat_channels,
        outChannels: feat_channels,
        kernelSize: 3,
        padding: 1,
        convCfg: first || last || config.conv_cfg,
        normCfg: config.norm_cfg,
        actCfg: config.act_cfg,
        bias: config.conv_bias,
      };
      return use_depthwise ? new DepthwiseSeparableConvModule(layer) : new ConvModule(layer);
    }),
  );
}
