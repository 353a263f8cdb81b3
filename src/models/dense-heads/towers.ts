// The tower of equal convolutions that dense heads put before their predictions.

import { ConvModule, type ConvModuleConfig, DepthwiseSeparableConvModule, ModuleList } from '../../nn';

export interface TowerConfig {
  inChannels: number;
  channels: number;
  count: number;
  kernelSize?: number;
  conv_cfg?: ConvModuleConfig['convCfg'];
  norm_cfg?: ConvModuleConfig['normCfg'];
  act_cfg?: ConvModuleConfig['actCfg'];
  bias?: ConvModuleConfig['bias'];
}
export type TowerLayer = ConvModule | DepthwiseSeparableConvModule;

/** `count` convolutions with norm and activation; the first one reads `inChannels`. */
export function towers(config: TowerConfig): ModuleList<ConvModule>;
export function towers(config: TowerConfig & { use_depthwise: boolean }): ModuleList<TowerLayer>;
export function towers({
  inChannels,
  channels,
  count,
  kernelSize = 3,
  ...rest
}: TowerConfig & { use_depthwise?: boolean }): ModuleList<TowerLayer> {
  return new ModuleList(
    Array.from({ length: count }, (_, i) => {
      const layer = {
        inChannels: i === 0 ? inChannels : channels,
        outChannels: channels,
        kernelSize,
        padding: (kernelSize - 1) / 2,
        convCfg: rest.conv_cfg,
        normCfg: rest.norm_cfg,
        actCfg: rest.act_cfg,
        bias: rest.bias,
      };
      return rest.use_depthwise ? new DepthwiseSeparableConvModule(layer) : new ConvModule(layer);
    }),
  );
}
