// HourglassNet: modules that halve the map several times and double it again with shortcuts, one after the other; each gives features
// at a quarter of the image (Newell et al., Stacked Hourglass Networks, ECCV 2016; as CornerNet has them). As in the reference,
// norm_cfg is not that of the hourglasses, whose norms are BN.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { ConvModule, Module, ModuleList, type NormCfg, normCfg, Sequential } from '../../nn';
import { resetConvolutions } from '../../nn/reset-convolutions';
import { resizeNearest } from '../../ops/resize-nearest';
import type { Backbone, FeatureSpec } from '../types';
import { BasicBlock } from './basic-block';
import { Downsample } from './downsample';

const size = z.int().positive();

const options = z.strictObject({
  downsample_times: size.default(5).describe('How often a module halves the map'),
  num_stacks: size.default(2).describe('Modules one after the other: 1 in Hourglass-52, 2 in Hourglass-104'),
  stage_channels: z
    .array(size)
    .default([256, 256, 384, 384, 384, 512])
    .describe('Channels at each size, from the largest'),
  stage_blocks: z.array(size).default([2, 2, 2, 2, 2, 4]).describe('Residual blocks at each size'),
  feat_channel: size.default(256).describe('Channels of the outputs'),
  norm_cfg: normCfg.prefault({ type: 'BN', requires_grad: true }).describe('Norm outside of the hourglass modules'),
  init_cfg: z
    .null({ error: 'the initialisation is fixed: leave init_cfg out or null' })
    .optional()
    .describe('Must be null'),
});
type Options = z.output<typeof options>;

interface LayerConfig {
  inPlanes: number;
  planes: number;
  blocks: number;
  normCfg: NormCfg;
  stride?: number;
  /** The last block changes the channels, not the first. */
  changesLast?: boolean;
}

/** At least one residual block, as in the reference's ResLayer. */
function residualLayer({
  inPlanes,
  planes,
  blocks,
  normCfg,
  stride = 1,
  changesLast,
}: LayerConfig): Sequential<BasicBlock> {
  const count = Math.max(blocks, 1);
  const changing = changesLast ? count - 1 : 0;
  const block = (_: unknown, i: number) => {
    const channels = [i > changing ? planes : inPlanes, i < changing ? inPlanes : planes];
    const step = i === changing ? stride : 1;
    const shortcut = { inChannels: channels[0], outChannels: channels[1], stride: step, avgDown: false, normCfg };
    const needed = step !== 1 || channels[0] !== channels[1];
    return new BasicBlock({
      ...{ inPlanes: channels[0], planes: channels[1], stride: step, dilation: 1, style: 'pytorch' as const, normCfg },
      downsample: needed ? new Downsample(shortcut) : undefined,
      zeroInit: false,
    });
  };
  return new Sequential(Array.from({ length: count }, block));
}

class HourglassModule extends Module {
  private readonly up1: Sequential<BasicBlock>;
  private readonly low1: Sequential<BasicBlock>;
  private readonly low2: Module & { forward(x: tf.Tensor4D): tf.Tensor4D };
  private readonly low3: Sequential<BasicBlock>;

  constructor(depth: number, channels: readonly number[], blocks: readonly number[]) {
    super();
    const [current, next] = channels;
    const layer = { blocks: blocks[0], normCfg: { type: 'BN' } as const };
    this.up1 = this.addChild('up1', residualLayer({ ...layer, inPlanes: current, planes: current }));
    this.low1 = this.addChild('low1', residualLayer({ ...layer, inPlanes: current, planes: next, stride: 2 }));
    const inner =
      depth > 1
        ? new HourglassModule(depth - 1, channels.slice(1), blocks.slice(1))
        : residualLayer({ ...layer, blocks: blocks[1], inPlanes: next, planes: next });
    this.low2 = this.addChild('low2', inner as Module & { forward(x: tf.Tensor4D): tf.Tensor4D });
    this.low3 = this.addChild('low3', residualLayer({ ...layer, inPlanes: next, planes: current, changesLast: true }));
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const low = this.low3.forward(this.low2.forward(this.low1.forward(x)));
      const high = this.up1.forward(x);
      return tf.add<tf.Tensor4D>(high, resizeNearest(low, [high.shape[1], high.shape[2]]));
    });
  }
}

export class HourglassNet extends Module implements Backbone {
  readonly outputs: FeatureSpec[];
  private readonly stem: Sequential<ConvModule | Sequential<BasicBlock>>;
  private readonly modulesOf: ModuleList<HourglassModule>;
  private readonly inters: Sequential<BasicBlock>;
  private readonly conv1x1s: ModuleList<ConvModule>;
  private readonly outConvs: ModuleList<ConvModule>;
  private readonly remapConvs: ModuleList<ConvModule>;

  constructor(config: Options, { path }: BuildContext) {
    super();
    const { downsample_times: depth, num_stacks: stacks, stage_channels, stage_blocks, feat_channel } = config;
    checkStages(config, path);
    const [channels] = stage_channels;
    const norm = config.norm_cfg;
    const half = channels >> 1;
    const first = new ConvModule({
      inChannels: 3,
      outChannels: half,
      kernelSize: 7,
      padding: 3,
      stride: 2,
      normCfg: norm,
    });
    const second = residualLayer({ inPlanes: half, planes: channels, blocks: 1, stride: 2, normCfg: norm });
    this.stem = this.addChild('stem', new Sequential<ConvModule | Sequential<BasicBlock>>([first, second]));
    const each = <T extends Module>(name: string, length: number, make: () => T) =>
      this.addChild(name, new ModuleList<T>(Array.from({ length }, make)));
    this.modulesOf = each('hourglass_modules', stacks, () => new HourglassModule(depth, stage_channels, stage_blocks));
    const between = { inPlanes: channels, planes: channels, blocks: stacks - 1, normCfg: norm };
    this.inters = this.addChild('inters', residualLayer(between));
    const small = { outChannels: channels, kernelSize: 1, normCfg: norm, actCfg: null };
    this.conv1x1s = each('conv1x1s', stacks - 1, () => new ConvModule({ ...small, inChannels: channels }));
    const out = { inChannels: channels, outChannels: feat_channel, kernelSize: 3, padding: 1, normCfg: norm };
    this.outConvs = each('out_convs', stacks, () => new ConvModule(out));
    this.remapConvs = each('remap_convs', stacks - 1, () => new ConvModule({ ...small, inChannels: feat_channel }));
    this.outputs = Array.from({ length: stacks }, () => ({ channels: feat_channel, stride: 4 }));
    resetConvolutions(this);
  }

  /** [N, H, W, 3] -> features [N, H / 4, W / 4, feat_channel] of each module. */
  forward(x: tf.Tensor4D): tf.Tensor4D[] {
    return tf.tidy(() => {
      let y = this.stem.forward(x);
      return [...this.modulesOf].map((hourglass, i) => {
        const out = this.outConvs.at(i).forward(hourglass.forward(y));
        if (i < this.modulesOf.length - 1) {
          const sum = tf.add<tf.Tensor4D>(this.conv1x1s.at(i).forward(y), this.remapConvs.at(i).forward(out));
          y = this.inters.forward(tf.relu(sum));
        }
        return out;
      });
    });
  }
}

function checkStages(
  { downsample_times: times, stage_channels: channels, stage_blocks: blocks }: Options,
  path: string,
) {
  if (channels.length === blocks.length && channels.length > times) return;
  throw new DetLabError(
    `Cannot build HourglassNet at ${path}: expected stage_channels and stage_blocks of the same length, more than ` +
      `downsample_times (${times}), received ${channels.length} and ${blocks.length}`,
  );
}

export const hourglassNetDefinition = defineModule({
  kind: 'backbone',
  type: 'HourglassNet',
  summary: 'Hourglass network: the map is halved several times and doubled again, with shortcuts; stacked',
  paper: 'Newell et al., Stacked Hourglass Networks for Human Pose Estimation, ECCV 2016',
  shapes: 'images [N, H, W, 3] -> num_stacks times [N, H / 4, W / 4, feat_channel]',
  example: "{ type: 'HourglassNet', num_stacks: 1 }",
  options,
  build: (given, context) => new HourglassNet(given, context),
});
