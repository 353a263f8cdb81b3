// DIIHead, the dynamic instance interactive head of Sparse R-CNN (Sun et al., CVPR 2021): features of the objects attend to one
// another, filter what is pooled for them, and give class, box and the features that the next stage starts from.
// Unlike the reference, the classification loss of a batch without ground truth divides by 1, not by the smallest float.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import { actCfg, Dropout, LayerNorm, Linear, type Module, ModuleList, MultiheadAttention, xavier } from '../../../nn';
import { Identity } from '../../../nn/identity';
import { meanOverRanks } from '../../../ops/over-ranks';
import { rareClassBias } from '../../dense-heads/rare-class-bias';
import { DynamicConv, dynamicConvCfg } from '../../layers/dynamic-conv';
import { FFN } from '../../layers/ffn';
import { accuracy, type Loss, zeroLoss } from '../../losses';
import type { Size } from '../../task-modules';
import type { Losses } from '../../types';
import type { BBoxOutputs } from '../types';
import { BBoxHead } from './bbox-head';
import { type BBoxHeadConfig, bboxHeadInferred, bboxHeadOptions, inferBBoxHead } from './bbox-head-options';
import { type BBoxTargets, labelWeightsOf } from './bbox-targets';

const size = z.int().positive();
const always = (what: string) => z.literal(true).default(true).describe(`Must be true: ${what}`);

const options = z.strictObject({
  ...bboxHeadOptions,
  num_ffn_fcs: z.int().min(2).default(2).describe('Layers of the feed-forward network'),
  num_heads: size.default(8).describe('Heads of the attention'),
  num_cls_fcs: size.default(1).describe('Layers before the class scores'),
  num_reg_fcs: size.default(3).describe('Layers before the box deltas'),
  feedforward_channels: size.default(2048).describe('Channels between the layers of the feed-forward network'),
  dropout: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe('Dropout of attention, dynamic convolution and feed-forward network'),
  ffn_act_cfg: actCfg.default({ type: 'ReLU', inplace: true }).describe('Activation of the feed-forward network'),
  dynamic_conv_cfg: dynamicConvCfg
    .default(dynamicConvCfg.parse({ type: 'DynamicConv', out_channels: 256 }))
    .describe('Convolutions whose filters the features of the object make'),
  loss_iou: moduleOption('loss').default({ type: 'GIoULoss', loss_weight: 2 }).describe('Second loss of the boxes'),
  reg_class_agnostic: always('one box for all classes'),
  reg_decoded_bbox: always('losses compare boxes, not deltas'),
  init_cfg: z
    .null({ error: 'the initialisation is fixed: leave init_cfg out or null' })
    .optional()
    .describe('Must be null'),
});
type Options = z.output<typeof options>;
export type DIIHeadConfig = BBoxHeadConfig & Omit<Options, keyof BBoxHeadConfig>;

/** What a head predicts, with the boxes decoded: xyxy in pixels [K, 4]. */
export type DecodedOutputs = BBoxOutputs & { boxes: tf.Tensor2D };

export class DIIHead extends BBoxHead {
  private readonly lossIou: Loss;
  private readonly attention: MultiheadAttention;
  private readonly attentionNorm: LayerNorm;
  private readonly interactive: DynamicConv;
  private readonly interactiveDrop: Dropout;
  private readonly interactiveNorm: LayerNorm;
  private readonly ffn: FFN;
  private readonly ffnNorm: LayerNorm;
  private readonly clsFcs: ModuleList<Module>;
  private readonly regFcs: ModuleList<Module>;

  constructor(config: DIIHeadConfig, context: BuildContext) {
    const { in_channels: channels, dropout, dynamic_conv_cfg } = config;
    const row = { features: channels };
    super(config as BBoxHeadConfig, context, { cls: row, reg: row });
    checkChannels(config, context.path);
    this.lossIou = context.registry.build('loss', config.loss_iou, { path: `${context.path}.loss_iou` });
    const norm = (name: string) => this.addChild(name, new LayerNorm({ channels }));
    const attention = { embedDims: channels, numHeads: config.num_heads, attnDrop: dropout };
    this.attention = this.addChild('attention', new MultiheadAttention(attention));
    this.attentionNorm = norm('attention_norm');
    this.interactive = this.addChild('instance_interactive_conv', new DynamicConv(dynamic_conv_cfg));
    this.interactiveDrop = this.addChild(
      'instance_interactive_conv_dropout',
      new Dropout({ type: 'Dropout', drop_prob: dropout }),
    );
    this.interactiveNorm = norm('instance_interactive_conv_norm');
    const { feedforward_channels, num_ffn_fcs, ffn_act_cfg } = config;
    const ffn = { embedDims: channels, feedforwardChannels: feedforward_channels, numFcs: num_ffn_fcs };
    this.ffn = this.addChild('ffn', new FFN({ ...ffn, actCfg: ffn_act_cfg, ffnDrop: dropout }));
    this.ffnNorm = norm('ffn_norm');
    this.clsFcs = this.addChild('cls_fcs', tower(channels, config.num_cls_fcs));
    this.regFcs = this.addChild('reg_fcs', tower(channels, config.num_reg_fcs));
    for (const [, p] of this.named()) if (p.variable.rank > 1) p.initializer = xavier();
    if (this.fcCls?.bias && this.usesSigmoid) this.fcCls.bias.initializer = rareClassBias;
  }

  /** Without a column for the background where each class has a sigmoid. */
  protected override get scoreChannels(): number {
    const { lossCls } = this;
    return this.config.num_classes + ('useSigmoid' in lossCls && lossCls.useSigmoid ? 0 : 1);
  }

  /** Scores are probabilities by sigmoid, else by softmax. */
  get usesSigmoid(): boolean {
    return this.scoreChannels === this.numClasses;
  }

  override forward(pooled: tf.Tensor4D, objects?: tf.Tensor3D): BBoxOutputs {
    if (!objects)
      throw new DetLabError(
        'Cannot run DIIHead: it reads features of objects, and proposals carry none. Use it in a SparseRoIHead after an EmbeddingRPNHead',
      );
    const [images, count, channels] = objects.shape;
    const sequence: tf.Tensor3D = tf.transpose(objects, [1, 0, 2]); // the length comes first, [P, N, C]
    const attended: tf.Tensor3D = tf.transpose(this.attentionNorm.forward(this.attention.forward(sequence)), [1, 0, 2]);
    const rows = attended.reshape<tf.Tensor2D>([-1, channels]);
    const filtered = this.interactiveDrop.forward(this.interactive.forward(rows, pooled) as tf.Tensor2D);
    const mixed: tf.Tensor2D = this.interactiveNorm.forward(tf.add<tf.Tensor2D>(rows, filtered));
    const next = this.ffnNorm.forward(this.ffn.forward(mixed));
    return {
      scores: this.fcCls?.forward(through(this.clsFcs, next)),
      deltas: this.fcReg?.forward(through(this.regFcs, next)),
      objects: next.reshape<tf.Tensor3D>([images, count, channels]),
      attended,
    };
  }

  /**
   * `loss_cls`, `pos_acc` in percent, `loss_bbox` in shares of the image and `loss_iou`, by the number of positives.
   *
   * @param sizes [height, width] of each image
   */
  matchedLosses({ scores, boxes }: DecodedOutputs, targets: BBoxTargets, sizes: readonly Size[]): Losses {
    const { labels, positives } = targets;
    const avgFactor = meanOverRanks(positives.length) || 1;
    const losses: Losses = {};
    const rows = tf.tensor1d(positives, 'int32');
    if (scores) {
      const logits = scores.cast<tf.Tensor2D>('float32');
      const weighted = targets.labelWeights || targets.positiveWeight !== 1;
      const weight = weighted ? tf.tensor1d(labelWeightsOf(targets)) : undefined;
      const truth = tf.tensor1d(labels, 'int32');
      losses.loss_cls = this.lossCls.forward(logits, truth, { weight, avgFactor }) as tf.Scalar;
      losses.pos_acc = accuracy(tf.gather(logits, rows), tf.gather(truth, rows));
    }
    if (positives.length === 0) {
      for (const loss of [this.lossBbox, this.lossIou]) loss.takePart?.();
      return { ...losses, loss_bbox: zeroLoss(boxes), loss_iou: zeroLoss(boxes) };
    }
    const predicted = tf.gather(boxes, rows);
    const target = tf.tensor2d(targets.boxes, [positives.length, 4]);
    const sides = tf.tensor2d(
      Array.from(positives, (i) => sizes[targets.rois[5 * i]]).map(([h, w]) => [w, h, w, h]),
      [positives.length, 4],
    );
    const weight = targets.boxWeights && tf.tensor2d(targets.boxWeights, [positives.length, 1]);
    const call = { weight: weight && tf.tile(weight, [1, 4]), avgFactor };
    return {
      ...losses,
      loss_bbox: this.lossBbox.forward(tf.div(predicted, sides), tf.div(target, sides), call) as tf.Scalar,
      loss_iou: this.lossIou.forward(predicted, target, call) as tf.Scalar,
    };
  }
}

/** Linear layers without bias, norms and ReLUs: `0`, `1`, `3`, `4`, ... */
function tower(channels: number, length: number): ModuleList<Module> {
  const linear = () => new Linear({ inFeatures: channels, outFeatures: channels, bias: false });
  const layer = () => [linear(), new LayerNorm({ channels }), new Identity()];
  return new ModuleList(Array.from({ length }, layer).flat());
}

function through(layers: ModuleList<Module>, x: tf.Tensor2D): tf.Tensor2D {
  let y = x;
  for (const layer of layers) {
    if (layer instanceof Linear || layer instanceof LayerNorm) y = layer.forward(y);
    else y = tf.relu(y);
  }
  return y;
}

function checkChannels({ in_channels, dynamic_conv_cfg, roi_feat_size }: DIIHeadConfig, path: string): void {
  const { in_channels: given, out_channels, input_feat_shape: side } = dynamic_conv_cfg;
  if (given !== in_channels || (out_channels ?? given) !== in_channels)
    throw new DetLabError(
      `Cannot build DIIHead at ${path}: expected dynamic_conv_cfg with in_channels and out_channels ${in_channels}, the ` +
        `in_channels of the head, received ${given} and ${out_channels ?? given}`,
    );
  if (roi_feat_size.some((n) => n !== side))
    throw new DetLabError(
      `Cannot build DIIHead at ${path}: RoIs are pooled to ${roi_feat_size.join(' x ')}, but dynamic_conv_cfg.input_feat_shape ` +
        `is ${side}. Make the two equal`,
    );
  if (!dynamic_conv_cfg.with_proj)
    throw new DetLabError(
      `Cannot build DIIHead at ${path}: dynamic_conv_cfg.with_proj must be true, since the head reads rows`,
    );
}

export const diiHeadDefinition = defineModule({
  kind: 'bbox_head',
  type: 'DIIHead',
  summary: 'Classes and boxes of objects by attention among them and convolutions that each object makes for its RoI',
  paper: 'Sun et al., Sparse R-CNN, CVPR 2021',
  shapes: 'pooled RoIs [K, h, w, C] and features of objects [N, P, C] -> scores, deltas [K, 4] and features [N, P, C]',
  example:
    "{ type: 'DIIHead', in_channels: 256, num_classes: 80, loss_cls: { type: 'FocalLoss', loss_weight: 2 }, loss_bbox: { type: 'L1Loss', loss_weight: 5 }, bbox_coder: { type: 'DeltaXYWHBBoxCoder', clip_border: false, target_stds: [0.5, 0.5, 1, 1] } }",
  options,
  inferred: bboxHeadInferred,
  infer: (given, context) => inferBBoxHead('DIIHead', given, context),
  build: (given, context) => new DIIHead(given as DIIHeadConfig, context),
});
