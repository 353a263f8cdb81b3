// The convolution a `conv_cfg` names.

import { Conv2d, type Conv2dConfig } from './conv2d';
import { DeformConv2dPack, ModulatedDeformConv2dPack } from './deform-conv2d-pack';
import { type ConvCfg, convCfg } from './layer-options';

/**
 * Null is a plain convolution.
 *
 * @example buildConv({ type: 'DCNv2', deform_groups: 4 }, { inChannels: 8, outChannels: 8, kernelSize: 3, padding: 1 })
 */
export function buildConv(config: ConvCfg | null | undefined, layer: Conv2dConfig): Conv2d {
  const parsed = config ? convCfg.parse(config) : undefined;
  if (!parsed || parsed.type === 'Conv2d' || parsed.type === 'Conv') return new Conv2d(layer);
  const deformable = { ...layer, deformGroups: parsed.deform_groups ?? parsed.deformable_groups };
  return parsed.type === 'DCN' ? new DeformConv2dPack(deformable) : new ModulatedDeformConv2dPack(deformable);
}
