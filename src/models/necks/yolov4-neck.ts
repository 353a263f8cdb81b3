// YOLOv4's neck (Bochkovskiy et al., 2020; layers and channels of darknet's yolov4.cfg): spatial pyramid pooling (He et al., ECCV
// 2014) between three convolutions and three more on the coarsest level, then path aggregation (Liu et al., CVPR 2018) by
// concatenation, five convolutions a level. Outputs are finest first.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { ConvModule } from '../../nn/conv-module';
import { initCfg } from '../../nn/init-cfg';
import { actCfg, normCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import { DetectionBlock } from '../layers/detection-block';
import { poolAround } from '../layers/spp-bottleneck';
import type { FeatureSpec } from '../types';
import { inferInChannels } from './infer-in-channels';
import { levelStrides } from './infer-scaled-channels';
import { expectLevels } from './infer-single-channels';
import { type NeckLayerCfg, YOLONeck } from './yolo-neck';

const channels = z.array(z.int().positive()).min(2).optional();
const options = z.strictObject({
  in_channels: channels.describe('Channels of each backbone level'),
  out_channels: channels.describe("Channels of each output level; half of the backbone's when left out"),
  spp_kernel_sizes: z
    .array(z.int().positive())
    .default([5, 9, 13])
    .describe('Kernel sizes of the spatial pyramid pooling; odd numbers'),
  freeze_all: z.boolean().default(false).describe('Freeze the neck'),
  norm_cfg: normCfg.nullable().default({ type: 'BN', requires_grad: true, eps: 1e-5, momentum: 0.1 }).describe('Norm'),
  act_cfg: actCfg.nullable().default({ type: 'LeakyReLU', negative_slope: 0.1 }).describe('Activation'),
  init_cfg: initCfg.optional().describe("Where the weights start from; mmcv's own start when left out"),
});
type Options = z.output<typeof options> & { in_channels: number[]; out_channels: number[] };

/** Three convolutions, poolings of several sizes beside the map itself, the largest first, and three convolutions. */
class PyramidPooling extends Module {
  private readonly before: DetectionBlock;
  private readonly after: DetectionBlock;
  private readonly sizes: number[];

  constructor(inChannels: number, outChannels: number, kernelSizes: readonly number[], layers: NeckLayerCfg) {
    super();
    this.sizes = [...kernelSizes].sort((a, b) => b - a);
    this.before = this.addChild('before', new DetectionBlock(inChannels, outChannels, layers, 3));
    const joined = outChannels * (kernelSizes.length + 1);
    this.after = this.addChild('after', new DetectionBlock(joined, outChannels, layers, 3));
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const y = this.before.forward(x);
      return this.after.forward([...this.sizes.map((size) => poolAround(y, size)), y]);
    });
  }
}

/**
 * @example new YOLOV4Neck({ ...yolov4Neck.options.parse({}), in_channels: [256, 512, 1024], out_channels: [128, 256, 512] })
 */
export class YOLOV4Neck extends YOLONeck {
  constructor(o: Options, inputs?: FeatureSpec[]) {
    const { in_channels: reads, out_channels: writes } = o;
    const levels = reads.length;
    const layers = { normCfg: o.norm_cfg, actCfg: o.act_cfg };
    const conv = (inChannels: number, outChannels: number, kernelSize: 1 | 3 = 1) => {
      const shape = { kernelSize, padding: kernelSize >> 1, stride: kernelSize === 3 ? 2 : 1 };
      return new ConvModule({ inChannels, outChannels, ...shape, ...layers });
    };
    const joining = (level: number) => new DetectionBlock(2 * writes[level], writes[level], layers);
    const strides = levelStrides(levels, inputs);
    const outputs = writes.map((count, i) => ({ channels: count, stride: strides[i] }));
    super(
      { ...o, levels, outputs, finerFirst: true },
      {
        reduce: (level) =>
          level < levels - 1
            ? conv(reads[level], writes[level])
            : new PyramidPooling(reads[level], writes[level], o.spp_kernel_sizes, layers),
        upsample: (level) => conv(writes[level], writes[level - 1]),
        topDown: (level) => joining(level - 1),
        downsample: (level) => conv(writes[level], writes[level + 1], 3),
        bottomUp: (level) => joining(level + 1),
      },
    );
  }
}

function infer(given: z.output<typeof options>, context: BuildContext): Options {
  const o = inferInChannels('YOLOV4Neck', given, context);
  const out_channels = o.out_channels ?? o.in_channels.map((count) => Math.floor(count / 2));
  const levels = o.in_channels.length;
  expectLevels('YOLOV4Neck', context.path, levels, out_channels.length, 'out_channels, one for each level that enters');
  return { ...o, out_channels };
}

export const yolov4Neck = defineModule({
  kind: 'neck',
  type: 'YOLOV4Neck',
  summary: 'Spatial pyramid pooling and path aggregation of concatenated levels, five convolutions each.',
  paper: 'Bochkovskiy, Wang and Liao: YOLOv4: Optimal Speed and Accuracy of Object Detection, 2020',
  shapes: '[N, H/s, W/s, in_channels[i]] for each backbone level -> as many levels [N, H/s, W/s, out_channels[i]]',
  example: "{ type: 'YOLOV4Neck' }",
  options,
  inferred: { in_channels: "the backbone's channels", out_channels: 'half of them' },
  infer,
  build: (o, { inputs }) => new YOLOV4Neck(o as Options, inputs),
});
