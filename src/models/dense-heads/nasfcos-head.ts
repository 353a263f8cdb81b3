// NASFCOSHead: FCOS with towers that were found by a search, of deformable and plain convolutions (Wang et al., NAS-FCOS, CVPR
// 2020).

import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { type ConvCfg, ConvModule, type InitCfg, initCfg, Sequential } from '../../nn';
import { denseHeadInferred } from '../inferred-options/infer-dense-head';
import type { TowerConfig, TowerLayer } from './conv-tower';
import { FCOSHead, type FCOSHeadConfig, fcosOptions, inferFCOSHead } from './fcos-head';

const init: InitCfg[] = [
  { type: 'Caffe2Xavier', layer: ['ConvModule', 'Conv2d'] },
  {
    type: 'Normal',
    std: 0.01,
    override: [
      { name: 'conv_reg' },
      { name: 'conv_centerness' },
      { name: 'conv_cls', type: 'Normal', std: 0.01, bias_prob: 0.01 },
    ],
  },
];
const options = z.strictObject({
  ...fcosOptions,
  init_cfg: initCfg.nullish().describe('Weight initialisation; that of the paper when null'),
});

const DEFORMABLE: ConvCfg = { type: 'DCNv2', deform_groups: 2 };
/** Of each tower. */
const LAYERS = [
  { kernelSize: 3, convCfg: DEFORMABLE, bias: true },
  { kernelSize: 3, bias: false },
  { kernelSize: 3, convCfg: DEFORMABLE, bias: true },
  { kernelSize: 1, bias: false },
];

const searchedTower = ({ in_channels, feat_channels: outChannels, norm_cfg: normCfg }: TowerConfig) =>
  new Sequential<TowerLayer>(
    LAYERS.map(({ kernelSize, convCfg, bias }, i) => {
      const inChannels = i === 0 ? in_channels : outChannels;
      const padding = (kernelSize - 1) / 2;
      return new ConvModule({ inChannels, outChannels, kernelSize, padding, convCfg, normCfg, bias });
    }),
  );

export class NASFCOSHead extends FCOSHead {
  constructor(config: FCOSHeadConfig, context: BuildContext) {
    super({ ...config, init_cfg: config.init_cfg ?? init }, context, { tower: searchedTower });
  }
}

export const nasfcosHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'NASFCOSHead',
  summary: 'FCOS head with searched towers of deformable and plain convolutions',
  paper: 'Wang et al., NAS-FCOS: Fast Neural Architecture Search for Object Detection, CVPR 2020',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example: "{ type: 'NASFCOSHead', num_classes: 80, strides: [4, 8, 16, 32, 64] }",
  options,
  inferred: denseHeadInferred,
  infer: (given, context) => inferFCOSHead('NASFCOSHead', given, context),
  build: (given, context) => new NASFCOSHead(given as FCOSHeadConfig, context),
});
