// FCNMaskHead: a mask of each class in every RoI, by convolutions and upsampling (He et al., Mask R-CNN, ICCV 2017).
// Training and prediction read the mask of one class only, and compute no other.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, type ModuleConfig, moduleOption } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import { Conv2d, ConvModule, ConvTranspose2d, convCfg, kaiming, Module, ModuleList, normCfg, zeros } from '../../../nn';
import { torchDefault, torchDefaultBias } from '../../../nn/initializers';
import { interpolate } from '../../../ops/interpolate';
import { inferHeadChannels } from '../../inferred-options/infer-head-channels';
import { inferNumClasses } from '../../inferred-options/infer-num-classes';
import { inverseNorm } from '../../layers/inverse-norm';
import { normedConv2dOptions } from '../../layers/normed-conv2d';
import { CARAFEPack, upsampleModuleCfg } from '../../layers/upsample-modules';
import type { CrossEntropyLoss } from '../../losses';
import type { MaskHead } from '../types';

const size = z.number().int().positive();
const factor = size.optional().describe('Upsampling factor');

const carafe = upsampleModuleCfg.options.find((o) => o.shape.type.value === 'carafe') as Extract<
  (typeof upsampleModuleCfg.options)[number],
  { shape: { up_kernel: unknown } }
>;

export const fcnMaskHeadOptions = {
  num_convs: z.number().int().min(0).default(4).describe('Convolutions before the upsampling'),
  roi_feat_size: z
    .union([size, z.tuple([size, size])])
    .default(14)
    .describe('Size of a pooled RoI; accepted, the head works at any size'),
  in_channels: size.optional().describe('Channels of a pooled RoI'),
  conv_kernel_size: size.default(3).describe('Kernel size of the convolutions'),
  conv_out_channels: size.default(256).describe('Channels of the convolutions'),
  num_classes: size.optional().describe('Foreground classes'),
  class_agnostic: z.boolean().default(false).describe('Predict one mask for all classes'),
  upsample_cfg: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.literal('deconv').describe('Transposed convolution and ReLU'), scale_factor: factor }),
      z.strictObject({ type: z.literal('nearest').describe('Nearest-neighbour interpolation'), scale_factor: factor }),
      z.strictObject({ type: z.literal('bilinear').describe('Bilinear interpolation'), scale_factor: factor }),
      carafe.extend({ scale_factor: z.literal(2).default(2).describe('Upsampling factor: always 2') }),
      z.strictObject({ type: z.literal(null).describe('No upsampling'), scale_factor: factor }),
    ])
    .default({ type: 'deconv', scale_factor: 2 })
    .describe('Upsampling before the predictor'),
  conv_cfg: convCfg.nullish().describe('Convolution type'),
  norm_cfg: normCfg.nullish().describe('Norm after every convolution'),
  predictor_cfg: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.enum(['Conv', 'Conv2d']).describe('1x1 convolution') }),
      z.strictObject({
        type: z
          .literal('NormedConv2d')
          .describe('1x1 convolution of normalised features and weights (cosine similarity)'),
        ...normedConv2dOptions,
      }),
    ])
    .default({ type: 'Conv' })
    .describe('Layer that predicts the mask logits'),
  loss_mask: moduleOption('loss')
    .default({ type: 'CrossEntropyLoss', use_mask: true, loss_weight: 1 })
    .describe('Mask loss: CrossEntropyLoss with use_mask'),
  init_cfg: z
    .null({ error: 'the initialisation is fixed: leave init_cfg out or null' })
    .optional()
    .describe('Must be null: Kaiming for the upsampling and the predictions'),
};
const options = z.strictObject(fcnMaskHeadOptions);
export type FCNMaskHeadConfig = z.output<typeof options> & { in_channels: number; num_classes: number };

/** A loss on one mask of each RoI: CrossEntropyLoss with `use_mask`. */
export type MaskLoss = Pick<CrossEntropyLoss, 'forwardMask'>;
const isMaskLoss = (loss: object): loss is MaskLoss => 'forwardMask' in loss;

/** @throws DetLabError for a loss of another kind */
export function buildMaskLoss(
  head: string,
  config: ModuleConfig,
  { registry, path }: Pick<BuildContext, 'registry' | 'path'>,
  name = 'loss_mask',
): MaskLoss {
  const loss = registry.build('loss', config, { path: `${path}.${name}` });
  if (isMaskLoss(loss)) return loss;
  throw new DetLabError(
    `Cannot build ${head} at ${path}: expected ${name} CrossEntropyLoss with use_mask, received "${config.type}"`,
  );
}

export class FCNMaskHead extends Module implements MaskHead {
  readonly numClasses: number;
  protected readonly convs: Iterable<{ forward(x: tf.Tensor4D): tf.Tensor4D }>;
  protected readonly deconv?: ConvTranspose2d;
  protected readonly carafe?: CARAFEPack;
  protected readonly predictor: Conv2d;
  protected readonly lossMask: MaskLoss;

  constructor(
    protected readonly config: FCNMaskHeadConfig,
    { registry, path }: BuildContext,
  ) {
    super();
    const { num_convs, in_channels, conv_out_channels: width, upsample_cfg } = config;
    this.numClasses = config.num_classes;
    this.lossMask = this.buildLoss({ registry, path });
    this.convs = this.buildConvs();
    let channels = num_convs > 0 ? width : in_channels;
    if (upsample_cfg.type === 'deconv') {
      const shape = { inChannels: channels, outChannels: width, kernelSize: this.scale, stride: this.scale };
      this.deconv = this.addChild('upsample', new ConvTranspose2d({ ...shape, init: kaiming(), biasInit: zeros }));
      channels = width;
    }
    if (upsample_cfg.type === 'carafe') this.carafe = this.addChild('upsample', new CARAFEPack(channels, upsample_cfg));
    const outChannels = config.class_agnostic ? 1 : config.num_classes;
    this.predictor = this.addChild(
      'conv_logits',
      new Conv2d({ inChannels: channels, outChannels, kernelSize: 1, init: kaiming(), biasInit: zeros }),
    );
  }

  /** Called while the head is built. */
  protected buildLoss(at: Pick<BuildContext, 'registry' | 'path'>): MaskLoss {
    return buildMaskLoss(this.constructor.name, this.config.loss_mask, at);
  }

  /** Called while the head is built: the layers before the upsampling. */
  protected buildConvs(): Iterable<{ forward(x: tf.Tensor4D): tf.Tensor4D }> {
    const { num_convs, in_channels, conv_out_channels: outChannels, conv_kernel_size: kernelSize } = this.config;
    const { conv_cfg: convCfg, norm_cfg: normCfg } = this.config;
    const layer = { outChannels, kernelSize, padding: (kernelSize - 1) >> 1, convCfg, normCfg };
    const conv = (_: unknown, i: number) =>
      new ConvModule({ inChannels: i === 0 ? in_channels : outChannels, ...layer });
    return this.addChild('convs', new ModuleList(Array.from({ length: num_convs }, conv)));
  }

  initializeByDefault(): void {
    const { deconv, predictor } = this;
    const start = ({ weight, bias }: Conv2d | ConvTranspose2d, fanIn: number) => {
      weight.initializer = torchDefault;
      if (bias) bias.initializer = torchDefaultBias(fanIn);
    };
    start(predictor, predictor.weight.variable.shape[2]);
    if (deconv) start(deconv, deconv.outChannels * deconv.kernelSize ** 2);
  }

  private get scale(): number {
    return this.config.upsample_cfg.type === null ? 1 : (this.config.upsample_cfg.scale_factor ?? 1);
  }

  forward(pooled: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const map = this.features(pooled);
      const y = this.deconv ? tf.relu(this.deconv.forward(map)) : this.upsampled(map);
      return this.predictor.run(this.normed(y), { bias: this.predictor.bias?.variable, scale: this.weightScale() });
    });
  }

  classLogits(pooled: tf.Tensor4D, labels: Int32Array | tf.Tensor1D): tf.Tensor3D {
    return tf.tidy(() => {
      const map = this.features(pooled);
      const [k, h, w] = map.shape;
      const classes = this.config.class_agnostic ? new Int32Array(k) : labels;
      const rowOf = classes instanceof tf.Tensor ? classes : tf.tensor1d(classes, 'int32');
      // all layers from here on are per pixel, so the upsampled pixels need not be in their places yet
      const pixels = this.deconv ? this.deconv.blocks(map, { activation: 'relu' }) : this.upsampled(map);
      const channels = this.predictor.inChannels;
      const rows = this.normed(pixels.reshape<tf.Tensor3D>([k, -1, channels])); // [K, H W, C]
      const scale = this.weightScale();
      const filter: tf.Tensor = this.predictor.weight.variable;
      const weights = tf.transpose((scale ? tf.mul(filter, scale) : filter).reshape([channels, -1])); // [classes, C]
      let logits = tf.matMul(rows, tf.gather(weights, rowOf).expandDims<tf.Tensor3D>(2)); // [K, H W, 1]
      const bias = tf.gather(this.predictor.bias!.variable, rowOf).reshape([k, 1, 1]);
      logits = tf.add(logits, bias);
      if (!this.deconv) return logits.reshape<tf.Tensor3D>([k, h * this.scale, w * this.scale]);
      const s = this.scale;
      return tf.transpose(logits.reshape([k, h, w, s, s]), [0, 1, 3, 2, 4]).reshape<tf.Tensor3D>([k, h * s, w * s]);
    });
  }

  /** Binary cross entropy, mean over RoIs and pixels. */
  loss(logits: tf.Tensor3D, targets: tf.Tensor3D): tf.Scalar {
    const one = tf.zeros<tf.Rank.R1>([logits.shape[0]], 'int32');
    return this.lossMask.forwardMask(logits.cast<tf.Tensor3D>('float32').expandDims<tf.Tensor4D>(3), targets, one);
  }

  /** The map [K, h, w, C] before the upsampling. */
  protected features(pooled: tf.Tensor4D): tf.Tensor4D {
    let y = pooled;
    for (const conv of this.convs) y = conv.forward(y);
    return y;
  }

  private upsampled(x: tf.Tensor4D): tf.Tensor4D {
    if (this.carafe) return this.carafe.forward(x);
    if (this.scale === 1) return x;
    const mode = this.config.upsample_cfg.type === 'nearest' ? 'nearest' : 'bilinear';
    return interpolate(x, { scaleFactor: this.scale, mode });
  }

  /** NormedConv2d: pixels divided by their norm over the channels. */
  private normed<T extends tf.Tensor>(x: T): T {
    const { predictor_cfg: cfg } = this.config;
    if (cfg.type !== 'NormedConv2d') return x;
    return tf.mul(x, tf.mul(inverseNorm(x, -1, cfg, true), cfg.tempearture));
  }

  /** NormedConv2d: one over the norm of each class's weights, [classes]. */
  private weightScale(): tf.Tensor1D | undefined {
    const { predictor_cfg: cfg } = this.config;
    if (cfg.type !== 'NormedConv2d') return undefined;
    return inverseNorm<tf.Tensor1D>(this.predictor.weight.variable, [0, 1, 2], cfg);
  }
}

export function inferMaskHead<O extends { in_channels?: number; num_classes?: number }>(
  type: string,
  given: O,
  context: BuildContext,
): O & { in_channels: number; num_classes: number } {
  const in_channels = inferHeadChannels(type, given.in_channels, context);
  return { ...given, in_channels, num_classes: inferNumClasses(type, given.num_classes, context) };
}

export const fcnMaskHeadDefinition = defineModule({
  kind: 'mask_head',
  type: 'FCNMaskHead',
  summary: 'Instance masks in RoIs, by convolutions and upsampling',
  paper: 'He et al., Mask R-CNN, ICCV 2017',
  shapes: 'pooled RoIs [K, h, w, C] -> logits [K, 2 h, 2 w, classes]',
  example: "{ type: 'FCNMaskHead', num_convs: 4, in_channels: 256, conv_out_channels: 256, num_classes: 80 }",
  options,
  inferred: { in_channels: "the RoI extractor's channels", num_classes: 'the classes of the dataset' },
  infer: (given, context) => inferMaskHead('FCNMaskHead', given, context),
  build: (given, context) => new FCNMaskHead(given as FCNMaskHeadConfig, context),
});
