// FusedSemanticHead: a semantic map from all levels of a pyramid (Chen et al., Hybrid Task Cascade, CVPR 2019), and the features that
// RoIs are pooled from besides. SCNetSemanticHead has residual blocks in place of its convolutions (Vu, Kang and Yoo, AAAI 2021).
//   levels -> 1x1 convs, resized to one level, summed -> convs -> conv_logits
//                                                             \-> conv_embedding -> features

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import {
  applyInitCfg,
  Conv2d,
  ConvModule,
  convCfg,
  type InitCfg,
  initCfg,
  Module,
  ModuleList,
  normCfg,
} from '../../../nn';
import { interpolate } from '../../../ops';
import { inferHeadChannels } from '../../inferred-options/infer-head-channels';
import { simplifiedResLayer } from '../../layers/simplified-res-layer';
import type { Loss } from '../../losses';
import type { DetBatch } from '../../types';
import { semanticTargets } from './semantic-targets';

const size = z.number().int().positive();
const start: InitCfg = { type: 'Kaiming', override: { name: 'conv_logits' } };
const shape = {
  num_ins: size.describe('Feature levels'),
  fusion_level: z.number().int().min(0).describe('The level whose size the map has'),
  seg_scale_factor: z
    .number()
    .positive()
    .default(1 / 8)
    .describe('Size of the map over that of the image'),
  num_convs: size.default(4).describe('Convolutions after the fusion'),
  in_channels: size.optional().describe('Channels of the feature levels'),
  conv_out_channels: size.default(256).describe('Channels of the convolutions, and of the features'),
  num_classes: size.default(183).describe('Classes of the semantic map: things and stuff'),
  conv_cfg: convCfg.nullish().describe('Kind of the convolutions'),
  norm_cfg: normCfg.nullish().describe('Norm after every convolution'),
  ignore_label: z.number().int().nullish().describe('Former name of ignore_index of loss_seg'),
  loss_weight: z.number().nullish().describe('Former name of loss_weight of loss_seg'),
  loss_seg: moduleOption('loss')
    .default({ type: 'CrossEntropyLoss', ignore_index: 255, loss_weight: 0.2 })
    .describe('Loss of the semantic map'),
  init_cfg: initCfg.nullable().default(start).describe('Weight initialisation'),
};
const options = z.strictObject(shape);
const scnetOptions = z.strictObject({
  ...shape,
  conv_to_res: z
    .boolean()
    .default(true)
    .describe('Residual blocks, half as many as num_convs, in place of convolutions'),
});
type Config = z.output<typeof options> & { in_channels: number; conv_to_res?: boolean };

/** What a semantic head gives of a batch. */
export interface SemanticOutputs {
  /** [N, h, w, classes]. */
  logits: tf.Tensor4D;
  /** [N, h, w, C]. */
  features: tf.Tensor4D;
}

export class FusedSemanticHead extends Module {
  private readonly laterals: ModuleList<ConvModule>;
  private readonly convs: Iterable<{ forward(x: tf.Tensor4D): tf.Tensor4D }>;
  private readonly embedding: ConvModule;
  private readonly predictor: Conv2d;
  private readonly criterion: Loss;

  constructor(
    private readonly config: Config,
    { registry, path, inputs }: BuildContext,
  ) {
    super();
    const { num_ins, in_channels: inChannels, conv_out_channels: outChannels, num_convs, fusion_level } = config;
    const fail = (what: string): never => {
      throw new DetLabError(`Cannot build ${this.constructor.name} at ${path}: ${what}`);
    };
    if (inputs && inputs.length !== num_ins)
      fail(`expected num_ins ${inputs.length}, the feature levels there are, received ${num_ins}`);
    if (fusion_level >= num_ins) fail(`fusion_level is ${fusion_level}, but the levels are 0 to ${num_ins - 1}`);
    const kinds = { convCfg: config.conv_cfg, normCfg: config.norm_cfg };
    const lateral = () => new ConvModule({ inChannels, outChannels: inChannels, kernelSize: 1, ...kinds });
    this.laterals = this.addChild('lateral_convs', new ModuleList(Array.from({ length: num_ins }, lateral)));
    const conv = (_: unknown, i: number) =>
      new ConvModule({
        inChannels: i === 0 ? inChannels : outChannels,
        outChannels,
        kernelSize: 3,
        padding: 1,
        ...kinds,
      });
    this.convs = config.conv_to_res
      ? this.addChild('convs', simplifiedResLayer(inChannels, outChannels, num_convs >> 1, kinds))
      : this.addChild('convs', new ModuleList(Array.from({ length: num_convs }, conv)));
    const pointwise = { inChannels: outChannels, kernelSize: 1 };
    this.embedding = this.addChild('conv_embedding', new ConvModule({ ...pointwise, outChannels, ...kinds }));
    this.predictor = this.addChild('conv_logits', new Conv2d({ ...pointwise, outChannels: config.num_classes }));
    const loss = {
      ...config.loss_seg,
      ...(config.ignore_label && { ignore_index: config.ignore_label }),
      ...(config.loss_weight && { loss_weight: config.loss_weight }),
    };
    this.criterion = registry.build('loss', loss, { path: `${path}.loss_seg` });
    applyInitCfg(this, config.init_cfg);
  }

  /** Stride of the features. */
  get stride(): number {
    return 1 / this.config.seg_scale_factor;
  }

  get channels(): number {
    return this.config.conv_out_channels;
  }

  forward(levels: tf.Tensor4D[]): SemanticOutputs {
    const { num_ins, fusion_level } = this.config;
    let x = this.laterals.at(fusion_level).forward(levels[fusion_level]);
    const [, height, width] = x.shape;
    for (const [i, level] of levels.slice(0, num_ins).entries()) {
      if (i === fusion_level) continue;
      const resized = interpolate(level, { size: [height, width], mode: 'bilinear', alignCorners: true });
      x = tf.add(x, this.laterals.at(i).forward(resized));
    }
    for (const conv of this.convs) x = conv.forward(x);
    return { logits: this.predictor.forward(x), features: this.embedding.forward(x) };
  }

  /** Mean over all pixels of the batch, those of the padding too. */
  loss(logits: tf.Tensor4D, batch: DetBatch): tf.Scalar {
    const [, height, width, classes] = logits.shape;
    const targets = semanticTargets(batch, [height, width], 1 / this.config.seg_scale_factor);
    const rows = logits.cast('float32').reshape([-1, classes]);
    return this.criterion.forward(rows, tf.tensor1d(targets, 'int32')) as tf.Scalar;
  }
}

/** @throws DetLabError for a head without features for RoIs */
export function fusedSemanticHead(head: Module, owner: string, path: string): FusedSemanticHead {
  if (head instanceof FusedSemanticHead) return head;
  throw new DetLabError(
    `Cannot build ${owner} at ${path}: semantic_head must be a FusedSemanticHead or SCNetSemanticHead, whose features RoIs read`,
  );
}

declare module '../../../catalogue/registry' {
  interface Built {
    /** What reads them asks for more: HTC's RoI heads for a FusedSemanticHead, PanopticFPN for a PanopticFPNHead. */
    semantic_head: Module;
  }
}

const infer = <O extends z.output<typeof options>>(type: string, given: O, context: BuildContext): O => ({
  ...given,
  in_channels: inferHeadChannels(type, given.in_channels, context),
});
const common = {
  kind: 'semantic_head' as const,
  shapes: 'feature levels [N, H, W, C] -> logits [N, h, w, classes] and features [N, h, w, C]',
  inferred: { in_channels: "the neck's channels" },
};

export const fusedSemanticHeadDefinition = defineModule({
  ...common,
  type: 'FusedSemanticHead',
  summary: 'Semantic segmentation from all levels of a pyramid, whose features help to find objects',
  paper: 'Chen et al., Hybrid Task Cascade for Instance Segmentation, CVPR 2019',
  example: "{ type: 'FusedSemanticHead', num_ins: 5, fusion_level: 1, in_channels: 256, num_classes: 183 }",
  options,
  infer: (given, context) => infer('FusedSemanticHead', given, context),
  build: (given, context) => new FusedSemanticHead(given as Config, context),
});

export const scnetSemanticHeadDefinition = defineModule({
  ...common,
  type: 'SCNetSemanticHead',
  summary: 'Semantic segmentation from all levels of a pyramid, by residual blocks',
  paper: 'Vu, Kang and Yoo, SCNet: Training Inference Sample Consistency for Instance Segmentation, AAAI 2021',
  example: "{ type: 'SCNetSemanticHead', num_ins: 5, fusion_level: 1, in_channels: 256, num_classes: 183 }",
  options: scnetOptions,
  infer: (given, context) => infer('SCNetSemanticHead', given, context),
  build: (given, context) => new FusedSemanticHead(given as Config, context),
});
