// Builds the convolution of a `conv_cfg`.

import { AdaptivePaddingConv2d } from './adaptive-padding-conv2d';
import { Conv2d, type Conv2dConfig } from './conv2d';
import { DeformConv2dPack, ModulatedDeformConv2dPack } from './deform-conv2d-pack';
import { type ConvCfg, convCfg } from './layer-options';
import { ConvAWS2d, ConvWS2d } from './standardized-conv2d';
import { SAConv2d } from './switchable-conv2d';

/**
 * @param config null: a plain convolution
 *
 * @example buildConv({ type: 'DCNv2', deform_groups: 4 }, { inChannels: 8, outChannels: 8, kernelSize: 3, padding: 1 })
 */
export function buildConv(config: ConvCfg | null | undefined, layer: Conv2dConfig): Conv2d {
  const parsed = config ? convCfg.parse(config) : undefined;
  if (!parsed || parsed.type === 'Conv2d' || parsed.type === 'Conv') return new Conv2d(layer);
  if (parsed.type === 'Conv2dAdaptivePadding') return new AdaptivePaddingConv2d(layer);
  if (parsed.type === 'ConvWS') return new ConvWS2d(layer, parsed.eps);
  if (parsed.type === 'ConvAWS') return new ConvAWS2d(layer);
  if (parsed.type === 'SAC') return new SAConv2d(layer, parsed.use_deform);
  const deformable = { ...layer, deformGroups: parsed.deform_groups ?? parsed.deformable_groups };
  return parsed.type === 'DCN' ? new DeformConv2dPack(deformable) : new ModulatedDeformConv2dPack(deformable);
}
