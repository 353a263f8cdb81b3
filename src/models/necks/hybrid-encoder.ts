// HybridEncoder: the neck of RT-DETR (Zhao et al., CVPR 2024). Self-attention among the pixels of the last level, then a top-down and a
// bottom-up path of re-parameterised convolutions. Options and names are those of its ports to MMDetection. Positions of pixels are their
// rows and columns; the published code mixes these up on maps that are not square, on square ones it is equal.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { ConvModule } from '../../nn/conv-module';
import { actCfg, normCfg } from '../../nn/layer-options';
import { Module } from '../../nn/module';
import { ModuleList } from '../../nn/module-list';
import { CSPRepLayer } from '../layers/csp-rep-layer';
import { DetrTransformerEncoder } from '../layers/transformer/detr-layers';
import { encoderOptions } from '../layers/transformer/transformer-options';
import type { FeatureSpec, Neck } from '../types';
import { inferInChannels } from './infer-in-channels';

const size = z.int().positive();
const options = z.strictObject({
  layer_cfg: encoderOptions.shape.layer_cfg.describe('Config of every layer of self-attention'),
  projector: moduleOption('neck').nullish().describe('Neck after the paths: the projection of the decoder'),
  num_encoder_layers: z.int().min(0).default(1).describe('Layers of self-attention; 0: none'),
  in_channels: z.array(size).min(1).optional().describe('Channels of each backbone level'),
  feat_strides: ignoredOption('strides are those of the backbone', { schema: z.array(size).optional() }),
  hidden_dim: size.default(256).describe('Channels of all levels'),
  use_encoder_idx: z.array(z.int()).default([2]).describe('Levels with self-attention; negative: from the last'),
  pe_temperature: z.number().positive().default(10000).describe('Temperature of the positional encoding'),
  expansion: z.number().positive().default(1).describe('Channels inside of fusions over those of the output'),
  depth_mult: z.number().positive().default(1).describe('Factor on the three blocks of a fusion'),
  norm_cfg: normCfg.default({ type: 'BN', requires_grad: true, eps: 1e-5, momentum: 0.1 }).describe('Normalisation'),
  act_cfg: actCfg.default({ type: 'SiLU', inplace: true }).describe('Activation'),
  test_size: ignoredOption('positions are computed for every size', { schema: z.array(size).nullish() }),
  eval_size: ignoredOption('positions are computed for every size', { schema: z.array(size).nullish() }),
});
type Options = z.output<typeof options> & { in_channels: number[] };

export class HybridEncoder extends Module implements Neck {
  readonly outputs: FeatureSpec[];
  private readonly inputs: ModuleList<ConvModule>;
  private readonly encoders: ModuleList<DetrTransformerEncoder>;
  private readonly laterals: ModuleList<ConvModule>;
  private readonly topDown: ModuleList<CSPRepLayer>;
  private readonly downsamples: ModuleList<ConvModule>;
  private readonly bottomUp: ModuleList<CSPRepLayer>;
  private readonly projector?: Neck;
  private readonly encoded: readonly number[];

  constructor(
    private readonly options: Options,
    { registry, path, inputs }: BuildContext,
  ) {
    super();
    const { in_channels, hidden_dim: channels, use_encoder_idx, num_encoder_layers: num_layers } = options;
    const levels = in_channels.length;
    this.encoded = use_encoder_idx.map((i) => (i < 0 ? i + levels : i));
    const beyond = this.encoded.findIndex((i) => i < 0 || i >= levels);
    if (beyond >= 0)
      throw new DetLabError(
        `Cannot build HybridEncoder at ${path}: use_encoder_idx names level ${use_encoder_idx[beyond]}, but there are ${levels}`,
      );
    const { embed_dims } = options.layer_cfg.self_attn_cfg;
    if (this.encoded.length > 0 && num_layers > 0 && (embed_dims !== channels || channels % 4 !== 0))
      throw new DetLabError(
        `Cannot build HybridEncoder at ${path}: expected hidden_dim to be a multiple of 4, for sines and cosines of two axes, and equal to ` +
          `layer_cfg.self_attn_cfg.embed_dims; received hidden_dim ${channels} and embed_dims ${embed_dims}`,
      );
    const layers = { normCfg: options.norm_cfg, actCfg: options.act_cfg };
    const list = <T extends Module>(count: number, make: (i: number) => T) =>
      new ModuleList<T>(Array.from({ length: count }, (_, i) => make(i)));
    const conv = (kernelSize: number, stride: number) =>
      new ConvModule({
        ...{ inChannels: channels, outChannels: channels, kernelSize, stride },
        ...{ padding: (kernelSize - 1) / 2, ...layers },
      });
    const fusion = () =>
      new CSPRepLayer({
        ...{ inChannels: 2 * channels, outChannels: channels, expansion: options.expansion },
        ...{ numBlocks: Math.round(3 * options.depth_mult), ...layers },
      });
    const projection = (inChannels: number) =>
      new ConvModule({ inChannels, outChannels: channels, kernelSize: 1, ...layers, actCfg: null });
    this.inputs = this.addChild(
      'input_proj',
      list(levels, (i) => projection(in_channels[i])),
    );
    this.encoders = this.addChild(
      'encoder',
      list(
        use_encoder_idx.length,
        () => new DetrTransformerEncoder({ num_layers, layer_cfg: options.layer_cfg, num_cp: -1 }),
      ),
    );
    this.laterals = this.addChild(
      'lateral_convs',
      list(levels - 1, () => conv(1, 1)),
    );
    this.topDown = this.addChild('fpn_blocks', list(levels - 1, fusion));
    this.downsamples = this.addChild(
      'downsample_convs',
      list(levels - 1, () => conv(3, 2)),
    );
    this.bottomUp = this.addChild('pan_blocks', list(levels - 1, fusion));
    const outputs = in_channels.map((_, i) => ({ channels, stride: inputs?.[i].stride ?? 8 * 2 ** i }));
    if (options.projector)
      this.projector = this.addChild(
        'projector',
        registry.build('neck', options.projector, { path: `${path}.projector`, inputs: outputs }),
      );
    this.outputs = this.projector?.outputs ?? outputs;
  }

  /** Levels [N, H, W, in_channels[i]], finest first -> [N, H, W, hidden_dim] each. */
  forward(features: tf.Tensor4D[]): tf.Tensor4D[] {
    return tf.tidy(() => {
      const levels = features.map((x, i) => this.inputs.at(i).forward(x));
      if (this.options.num_encoder_layers > 0)
        for (const [i, level] of this.encoded.entries()) levels[level] = this.attend(levels[level], i);
      const last = levels.length - 1;
      const inner = [levels[last]];
      for (let i = last; i > 0; i--) {
        const high = this.laterals.at(last - i).forward(inner[0]);
        inner.splice(0, 1, this.topDown.at(last - i).forward([high, levels[i - 1]]), high);
      }
      const outs = [inner[0]];
      for (let i = 0; i < last; i++)
        outs.push(this.bottomUp.at(i).forward([this.downsamples.at(i).forward(outs[i]), inner[i + 1]]));
      return this.projector ? this.projector.forward(outs) : outs;
    });
  }

  private attend(map: tf.Tensor4D, encoder: number): tf.Tensor4D {
    const [batch, height, width, channels] = map.shape;
    const pixels: tf.Tensor3D = map.reshape([batch, height * width, channels]);
    const positions = pixelPositions(map, this.options.pe_temperature);
    const encoded = this.encoders.at(encoder).forward(pixels, positions.reshape([1, height * width, channels]));
    return encoded.reshape([batch, height, width, channels]);
  }
}

/** Of the pixels of a map [1, height, width, channels]: sines and cosines of the row, then of the column, both from 0. */
function pixelPositions(map: tf.Tensor4D, temperature: number): tf.Tensor4D {
  const [, height, width, channels] = map.shape;
  const quarter = channels / 4;
  const waves = tf.tensor1d(Float32Array.from({ length: quarter }, (_, p) => 1 / temperature ** (p / quarter)));
  // made of the map, so that exported graphs follow its size
  const pixel = tf.slice(map, [0, 0, 0, 0], [1, height, width, 1]);
  const ones: tf.Tensor3D = tf.cast(tf.equal(pixel, pixel), 'float32').reshape([1, height, width]);
  const parts = [1, 2].flatMap((axis) => {
    const angles = tf.mul(tf.sub(tf.cumsum(ones, axis), 1).expandDims(3), waves);
    return [tf.sin(angles), tf.cos(angles)];
  });
  return tf.concat(parts, 3) as tf.Tensor4D;
}

export const hybridEncoder = defineModule({
  kind: 'neck',
  type: 'HybridEncoder',
  summary: 'Self-attention on the last level, then a top-down and a bottom-up path: the neck of RT-DETR',
  paper: 'Zhao et al., DETRs Beat YOLOs on Real-time Object Detection, CVPR 2024',
  shapes: '[N, H/s, W/s, in_channels[i]] for each level -> [N, H/s, W/s, hidden_dim] for each level',
  example:
    "{ type: 'HybridEncoder', layer_cfg: { self_attn_cfg: { embed_dims: 256, num_heads: 8 }, ffn_cfg: { embed_dims: 256, feedforward_channels: 1024, act_cfg: { type: 'GELU' } } } }",
  options,
  inferred: { in_channels: "the backbone's channels" },
  infer: (given, context) => inferInChannels('HybridEncoder', given, context),
  build: (given, context) => new HybridEncoder(given as Options, context),
});
