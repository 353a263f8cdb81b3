// The stages of YOLOv7's necks as `block_cfg` names them.

import { z } from 'zod';
import { type ActCfg, actCfg, type NormCfg, normCfg } from '../../nn/layer-options';
import { EELANBlock, ELANBlock } from './elan-block';
import { TinyDownSampleBlock } from './tiny-down-sample-block';

const layers = {
  norm_cfg: normCfg.optional().describe("Norm; the module's when left out"),
  act_cfg: actCfg.optional().describe("Activation; the module's when left out"),
};
const elan = {
  middle_ratio: z.number().positive().describe("Channels of the blocks' input over input channels"),
  block_ratio: z.number().positive().describe('Channels of the blocks over input channels'),
  num_blocks: z.int().positive().default(2).describe('Blocks in a row'),
  num_convs_in_block: z.int().positive().default(1).describe('3x3 convolutions of a block'),
  ...layers,
};
const blockOptions = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('ELANBlock').describe('Efficient layer aggregation'), ...elan }),
  z.strictObject({
    type: z.literal('EELANBlock').describe('Several ELANBlocks, added up'),
    num_elan_block: z.int().positive().describe('How many'),
    ...elan,
  }),
  z.strictObject({
    type: z.literal('TinyDownSampleBlock').describe('Three convolutions in a row: YOLOv7-tiny'),
    middle_ratio: z.number().positive().default(1).describe('Hidden over input channels'),
    kernel_sizes: z
      .int()
      .positive()
      .refine((v) => v % 2 === 1, 'expected an odd size')
      .default(3)
      .describe('Kernel size of the second and third convolution'),
    ...layers,
  }),
]);
export type YOLOv7BlockCfg = z.output<typeof blockOptions>;

/** `block_cfg` of a module, ELANBlocks by default. */
export const yolov7BlockOption = blockOptions
  .default({ type: 'ELANBlock', middle_ratio: 0.5, block_ratio: 0.25, num_blocks: 4, num_convs_in_block: 1 })
  .describe('The stages');

/** A stage of YOLOv7; it reads one map or several as one. */
export type YOLOv7Block = ELANBlock | EELANBlock | TinyDownSampleBlock;

/** @param layers norm and activation where the block's config has none */
export function buildYOLOv7Block(
  cfg: YOLOv7BlockCfg,
  channels: { inChannels: number; outChannels: number },
  layers: { normCfg: NormCfg | null; actCfg: ActCfg | null },
): YOLOv7Block {
  const shape = { ...channels, normCfg: cfg.norm_cfg ?? layers.normCfg, actCfg: cfg.act_cfg ?? layers.actCfg };
  if (cfg.type === 'TinyDownSampleBlock')
    return new TinyDownSampleBlock({ ...shape, middleRatio: cfg.middle_ratio, kernelSize: cfg.kernel_sizes });
  const ratios = { middleRatio: cfg.middle_ratio, blockRatio: cfg.block_ratio };
  const config = { ...shape, ...ratios, numBlocks: cfg.num_blocks, numConvsInBlock: cfg.num_convs_in_block };
  return cfg.type === 'ELANBlock' ? new ELANBlock(config) : new EELANBlock(cfg.num_elan_block, config);
}
