// SAM and CBAM as necks: attention on every level, for example after a pyramid:
// `neck: [{ type: 'YOLOV4Neck' }, { type: 'SAM', mode: 'pointwise' }]`. As plugins of backbones they are in layers/block-plugins.ts.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { cbamOptions, samOptions } from '../layers/block-plugins';
import { CBAM } from '../layers/cbam';
import { SAM } from '../layers/sam';
import { inferLevelBlocks, LevelBlocks, levelBlockOptions } from './level-blocks';

const shapes = '[N, H/s, W/s, in_channels[i]] for each level -> the same';
const inferred = { in_channels: 'the channels of the levels before it', levels: 'all' };

export const sam = defineModule({
  kind: 'neck',
  type: 'SAM',
  summary:
    'Spatial attention: a factor for each pixel, from its mean and maximum over the channels or from all of them.',
  paper: 'Woo, Park, Lee and Kweon: CBAM, ECCV 2018; with mode pointwise Bochkovskiy, Wang and Liao: YOLOv4, 2020',
  shapes,
  example: "{ type: 'SAM', mode: 'pointwise' }",
  options: z.strictObject({ ...levelBlockOptions, ...samOptions }),
  inferred,
  infer: (o, context) => inferLevelBlocks('SAM', o, context, 'all'),
  build: (o, { inputs }) =>
    new LevelBlocks({ ...o, in_channels: o.in_channels!, levels: o.levels! }, inputs, (inChannels) => {
      const { mode, kernel_size: kernelSize, norm_cfg: norm } = o;
      return new SAM({ inChannels, mode, kernelSize, normCfg: norm });
    }),
});

export const cbam = defineModule({
  kind: 'neck',
  type: 'CBAM',
  summary: 'Convolutional block attention: a factor for each channel, then one for each pixel.',
  paper: 'Woo, Park, Lee and Kweon: CBAM: Convolutional Block Attention Module, ECCV 2018',
  shapes,
  example: "{ type: 'CBAM' }",
  options: z.strictObject({ ...levelBlockOptions, ...cbamOptions }),
  inferred,
  infer: (o, context) => inferLevelBlocks('CBAM', o, context, 'all'),
  build: (o, { inputs }) =>
    new LevelBlocks({ ...o, in_channels: o.in_channels!, levels: o.levels! }, inputs, (inChannels) => {
      const { reduce_ratio: reduceRatio, kernel_size: kernelSize, act_cfg: act } = o;
      return new CBAM({ inChannels, reduceRatio, kernelSize, actCfg: act });
    }),
});
