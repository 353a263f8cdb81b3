// ATSSVLFusionHead: ATSS over a dynamic head whose pixels are scored against the words of a caption (Li et al., GLIP, CVPR
// 2022). Anchors are assigned without their last pixel, and boxes end one pixel later, as in GLIP.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import type { Detections, ImageMeta } from '../../data/types';
import { DetLabError } from '../../errors';
import { applyInitCfg } from '../../nn';
import { bertConfigOf } from '../../text/bert-config';
import { inferHeadChannels } from '../inferred-options/infer-head-channels';
import { type LanguageFeatures, textModelName } from '../language-models/bert-model';
import type { Loss } from '../losses';
import { hasQualityTargets } from '../losses';
import type { Assigner, AssignInput } from '../task-modules';
import type { DetBatch, Losses } from '../types';
import { AnchorHead, type AnchorMaps } from './anchor-head';
import { anchorHeadOptions } from './anchor-head-options';
import { atssOptions } from './atss-head';
import type { BatchTargets } from './batch-targets';
import { cellPriors } from './cell-priors';
import { centeredLosses } from './centered-losses';
import { type Candidates, decodeDetections, denseTestCfg, type SuppressionCfg } from './decode-detections';
import type { AssignImage, CandidateTensors } from './dense-head';
import type { DenseOutputs } from './dense-outputs';
import { boxesInPixels, initOption, lossCenternessOption, numClassesOption } from './head-options';
import { VLFusion } from './vl-fusion';
import { wordScores } from './word-scores';

const options = z.strictObject({
  ...anchorHeadOptions,
  norm_cfg: ignoredOption('the dynamic head has its own norms', {
    schema: atssOptions.norm_cfg,
    harmless: (given) => given !== undefined,
  }),
  num_classes: ignoredOption('classes are the names in a text', { schema: numClassesOption, harmless: [80] }),
  pred_kernel_size: ignoredOption('the dynamic head predicts by 1x1 convolutions', {
    schema: z.int().positive().default(3),
    lost: true,
  }),
  conv_cfg: ignoredOption('the dynamic head has its own convolutions', { lost: true }),
  stacked_convs: ignoredOption('the dynamic head has num_dyhead_blocks', { schema: atssOptions.stacked_convs }),
  reg_decoded_bbox: boxesInPixels(true),
  loss_centerness: lossCenternessOption,
  early_fuse: z.boolean().default(false).describe('Fuse pixels and words before every block'),
  num_dyhead_blocks: z.int().positive().default(6).describe('Blocks of the dynamic head'),
  lang_model_name: textModelName
    .default('bert-base-uncased')
    .describe('Text model whose sizes the words have: a folder, or a name at Hugging Face'),
  use_checkpoint: ignoredOption('activations are kept for the backward pass', { schema: z.boolean().default(false) }),
  init_cfg: initOption,
  test_cfg: denseTestCfg
    .extend({ chunked_size: z.int().default(-1).describe('Read this many names at a time; of the detector') })
    .nullish()
    .describe('Post-processing, passed down by the detector'),
});
export type ATSSVLFusionHeadConfig = z.output<typeof options> & { in_channels: number; num_classes: number };

/** The words that pixels are scored against. */
export interface CaptionWords extends LanguageFeatures {
  /** Of each image, the words of each ground-truth box (in training) or of each label. */
  positives: number[][][];
}

export class ATSSVLFusionHead extends AnchorHead<ATSSVLFusionHeadConfig, 'centerness'> {
  private readonly lossCenterness: Loss;
  private readonly fusion: VLFusion;
  /** Of the pass that is being computed. */
  private words?: CaptionWords;

  constructor(config: ATSSVLFusionHeadConfig, context: BuildContext) {
    super(config, context);
    const { registry, path } = context;
    cellPriors('ATSSVLFusionHead', this.priors, path, 1);
    const { in_channels, feat_channels: channels, num_dyhead_blocks: blocks, early_fuse: earlyFuse } = config;
    if (in_channels !== channels || !this.lossCls.useSigmoid || hasQualityTargets(this.lossCls))
      throw new DetLabError(
        `Cannot build ATSSVLFusionHead at ${path}: expected feat_channels to be in_channels, and a loss_cls of one probability ` +
          `per word such as FocalLoss, received ${channels}, ${in_channels} and ${config.loss_cls.type}`,
      );
    this.lossCenterness = registry.build('loss', config.loss_centerness, { path: `${path}.loss_centerness` });
    const text = bertConfigOf(config.lang_model_name);
    this.fusion = this.addChild(
      'head',
      new VLFusion({ channels, levels: this.priors.numLevels, blocks, earlyFuse, text }),
    );
    applyInitCfg(this, config.init_cfg);
  }

  /** Channels of the words. */
  get wordChannels(): number {
    return bertConfigOf(this.config.lang_model_name).hidden_size;
  }

  /** Computes with these words. */
  within<T>(words: CaptionWords, compute: () => T): T {
    this.words = words;
    try {
      return compute();
    } finally {
      this.words = undefined;
    }
  }

  private get currentWords(): CaptionWords {
    if (!this.words) throw new DetLabError('Cannot score pixels: ATSSVLFusionHead has received no words');
    return this.words;
  }

  protected override get columns(): Record<string, number> {
    return { scores: this.words?.length ?? 1, deltas: 4, centerness: 1 };
  }

  override forward(features: tf.Tensor4D[]) {
    const levels = this.fusion.forward(features, this.currentWords);
    const map = (name: AnchorMaps | 'centerness') => levels.map((level) => level[name]);
    return { scores: map('scores'), deltas: map('deltas'), centerness: map('centerness') };
  }

  protected override forwardSingle(): never {
    throw new DetLabError('ATSSVLFusionHead computes all levels at once');
  }

  protected override assignInput(assigner: Assigner, image: AssignImage): AssignInput {
    const input = super.assignInput(assigner, image);
    return { ...input, priors: withoutLastPixel(input.priors) };
  }

  protected override losses(outputs: DenseOutputs<AnchorMaps | 'centerness'>, targets: BatchTargets): Losses {
    const { positives, boxes, avgFactor } = targets;
    const anchors = this.priorsOf(positives, outputs.sizes);
    const { coder, lossBbox, lossCenterness } = this;
    const rest = centeredLosses({
      ...{ positives, boxes, avgFactor, anchors, centers: withoutLastPixel(anchors), coder, lossBbox, lossCenterness },
      deltas: outputs.flat('deltas'),
      logits: outputs.flat('centerness'),
      zero: () => tf.mul<tf.Scalar>(tf.sum(outputs.flat('deltas')), 0),
    });
    return { loss_cls: this.classLoss(outputs.flat('scores'), targets), ...rest };
  }

  /** Of every word that is there: 1 where it describes the ground truth of the prior. */
  protected override classLoss(scores: tf.Tensor3D, { images, labelWeights, avgFactor }: BatchTargets): tf.Scalar {
    const { present, positives } = this.currentWords;
    const [count, total, length] = scores.shape;
    const target = new Float32Array(count * total * length);
    const weight = new Float32Array(target.length);
    for (const [n, { positive, truths }] of images.entries()) {
      for (let row = n * total; row < (n + 1) * total; row++)
        for (let t = 0; t < length; t++) weight[row * length + t] = labelWeights[row] * present[n * length + t];
      for (const [k, prior] of positive.entries())
        for (const token of positives[n][truths[k]])
          if (token < length) target[(n * total + prior) * length + token] = 1;
    }
    const shape: [number, number] = [count * total, length];
    const call = { weight: tf.tensor2d(weight, shape), avgFactor };
    return this.lossCls.forward(scores.reshape<tf.Tensor2D>(shape), tf.tensor2d(target, shape), call) as tf.Scalar;
  }

  protected override get detectedClasses(): number {
    return this.currentWords.positives[0].length;
  }

  /** Scores of labels, the mean over their words; all images of the batch have as many. */
  protected override candidates(outputs: DenseOutputs<AnchorMaps | 'centerness'>): CandidateTensors {
    const { positives, present, length } = this.currentWords;
    const likely = tf.sigmoid(outputs.flat('scores'));
    const labels = positives.map((tokens, n) =>
      wordScores(tf.slice(likely, [n, 0, 0], [1, -1, -1]), present.subarray(n * length, (n + 1) * length), tokens),
    );
    return {
      scores: tf.concat(labels, 0),
      boxes: outputs.flat('deltas'),
      factors: tf.sigmoid(outputs.flat('centerness')),
    };
  }

  protected override suppress(
    candidates: Candidates,
    meta: ImageMeta,
    cfg: SuppressionCfg,
    rescale: boolean,
  ): Detections {
    const combine = (score: number, factor: number) => Math.sqrt(score * factor);
    const found = decodeDetections({ ...candidates, combine }, meta, cfg, rescale);
    return { ...found, bboxes: found.bboxes.map((v, k) => (k & 2 ? v + 1 : v)) };
  }

  /** Detections where `words.positives` are those of labels. */
  detectWithin(words: CaptionWords, features: tf.Tensor4D[], batch: DetBatch, rescale: boolean): Detections[] {
    return this.within(words, () => this.predict(features, batch, { rescale }));
  }
}

/** Boxes [x1, y1, x2 - 1, y2 - 1]. */
const withoutLastPixel = (boxes: Float32Array): Float32Array => boxes.map((v, k) => (k & 2 ? v - 1 : v));

export const atssVLFusionHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'ATSSVLFusionHead',
  summary: 'ATSS over a dynamic head whose pixels are scored against the words of a caption',
  paper: 'Li et al., GLIP: Grounded Language-Image Pre-training, CVPR 2022',
  shapes: 'feature levels [N, H, W, C] and words [N, T, L] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example:
    "{ type: 'ATSSVLFusionHead', num_classes: 80, early_fuse: true, anchor_generator: { type: 'AnchorGenerator', ratios: [1], octave_base_scale: 8, scales_per_octave: 1 }, bbox_coder: { type: 'DeltaXYWHBBoxCoderForGLIP' }, loss_cls: { type: 'FocalLoss' }, loss_bbox: { type: 'GIoULoss', loss_weight: 2 } }",
  options,
  inferred: { in_channels: "the neck's channels", num_classes: 'the classes of the dataset' },
  infer: (given, context) => ({
    ...given,
    in_channels: inferHeadChannels('ATSSVLFusionHead', given.in_channels, context),
    num_classes: given.num_classes ?? context.numClasses ?? 80,
  }),
  build: (given, context) => new ATSSVLFusionHead(given as ATSSVLFusionHeadConfig, context),
});
