// The frame of necks that put one block on each of some levels: SPP, ASPP, RFB, SAM, CBAM. Other levels pass unchanged.

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import type { BuildContext } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { applyInitCfg, initCfg } from '../../nn/init-cfg';
import { Module } from '../../nn/module';
import type { FeatureSpec, Neck } from '../types';
import { inferInChannels } from './infer-in-channels';
import { levelStrides } from './infer-scaled-channels';

type Block = Module & { forward(x: tf.Tensor4D): tf.Tensor4D };

/** Options of all of them. */
export const levelBlockOptions = {
  in_channels: z.array(z.int().positive()).min(1).optional().describe('Channels of each level'),
  levels: z.array(z.int()).min(1).optional().describe('Levels that have a block, from 0; negative: from the end'),
  init_cfg: initCfg.nullable().default(null).describe("Where the weights start from; null: the layers' own start"),
};
/** Of blocks that may change the number of channels. */
export const blockChannelsOption = z
  .int()
  .positive()
  .optional()
  .describe('Channels of the levels that have a block; those that enter when left out');

const schema = z.strictObject({ ...levelBlockOptions, out_channels: blockChannelsOption });
type LevelBlockOptions = z.output<typeof schema>;
type Inferred<O> = O & { in_channels: number[]; levels: number[] };

export class LevelBlocks extends Module implements Neck {
  readonly outputs: FeatureSpec[];
  private readonly blocks: (Block | undefined)[];

  /** @param build the block of a level, from its channels to others */
  constructor(
    o: Inferred<LevelBlockOptions>,
    inputs: FeatureSpec[] | undefined,
    build: (inChannels: number, outChannels: number) => Block,
  ) {
    super();
    const { in_channels, levels, out_channels } = o;
    const strides = levelStrides(in_channels.length, inputs);
    const chosen = (level: number) => levels.includes(level);
    this.outputs = in_channels.map((channels, i) => ({
      channels: chosen(i) ? (out_channels ?? channels) : channels,
      stride: strides[i],
    }));
    this.blocks = in_channels.map((channels, i) =>
      chosen(i) ? this.addChild(`blocks.${i}`, build(channels, this.outputs[i].channels)) : undefined,
    );
    applyInitCfg(this, o.init_cfg);
  }

  forward(inputs: tf.Tensor4D[]): tf.Tensor4D[] {
    return inputs.map((x, i) => this.blocks[i]?.forward(x) ?? x.clone());
  }
}

/**
 * Channels of the levels, and which have a block.
 * @param usual those when the config names none: of pooling the coarsest
 * @throws DetLabError when a level does not exist
 */
export function inferLevelBlocks<O extends LevelBlockOptions>(
  type: string,
  given: O,
  context: BuildContext,
  usual: 'all' | 'last',
): Inferred<O> {
  const o = inferInChannels(type, given, context);
  const count = o.in_channels.length;
  const all = Array.from({ length: count }, (_, i) => i);
  const levels =
    o.levels?.map((level) => (level < 0 ? count + level : level)) ?? (usual === 'all' ? all : all.slice(-1));
  const beyond = levels.findIndex((level) => !all.includes(level));
  if (beyond >= 0)
    throw new DetLabError(
      `Cannot build neck "${type}"${context.path ? ` at ${context.path}` : ''}: expected levels from ${-count} to ` +
        `${count - 1}, received ${o.levels?.[beyond]}`,
    );
  return { ...o, levels };
}
