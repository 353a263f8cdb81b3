// What MaskFormer's heads share: queries that are matched with masks one to one, and the losses of each decoder layer. N images, Q
// queries, C classes.

import * as tf from '@tensorflow/tfjs';
import type { BuildContext } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { boxesOfMasks, encodeRle } from '../../masks';
import { Linear, Module } from '../../nn';
import { stopGradient } from '../../ops';
import { meanOverRanks } from '../../ops/over-ranks';
import { imageRows } from '../dense-heads/image-rows';
import { byLayer } from '../dense-heads/query-head';
import { type Loss, zeroLoss } from '../losses';
import { requireCfg } from '../require-cfg';
import { type Assigner, buildAssigner, buildSampler, type Predictions, type Sampler } from '../task-modules';
import type { DetBatch, LossContext, Losses } from '../types';
import type { MaskQueryConfig } from './mask-former-options';
import { instancesOf, type MaskTruths, maskTruthsOf } from './mask-truths';
import { uniformClassWeights } from './uniform-class-weights';

/** Predictions of one decoder layer. */
export interface MaskPredictions {
  /** Logits of the classes and of no object, [N, Q, C + 1]. */
  scores: tf.Tensor3D;
  /** Logits [N, Q, h, w]. */
  masks: tf.Tensor4D;
}

/** A query and the mask that it is matched with. */
export interface MatchedMask {
  image: number;
  query: number;
  truth: number;
}

/** Masks of one image as an assigner compares them: [Q, points] and [K, points]. */
export interface ComparedMasks {
  predicted: Float32Array;
  truth: Float32Array;
}

const NO_PRIORS = new Float32Array(0);

export abstract class MaskQueryHead<C extends MaskQueryConfig = MaskQueryConfig> extends Module {
  readonly numThings: number;
  readonly numStuff: number;
  readonly numClasses: number;
  protected readonly lossCls: Loss;
  protected readonly lossMask: Loss;
  protected readonly lossDice: Loss;
  private readonly classWeights: readonly number[];
  private readonly assigner?: Assigner;
  private readonly sampler?: Sampler;

  constructor(
    protected readonly config: C,
    { registry, path }: BuildContext,
  ) {
    super();
    this.numThings = config.num_things_classes;
    this.numStuff = config.num_stuff_classes;
    this.numClasses = this.numThings + this.numStuff;
    const { loss, weights } = uniformClassWeights(config.loss_cls, this.numClasses, `${path}.loss_cls`);
    this.classWeights = weights;
    this.lossCls = registry.build('loss', loss, { path: `${path}.loss_cls` });
    this.lossMask = registry.build('loss', config.loss_mask, { path: `${path}.loss_mask` });
    this.lossDice = registry.build('loss', config.loss_dice, { path: `${path}.loss_dice` });
    const { train_cfg: cfg } = config;
    if (!cfg) return;
    const at = (name: string) => ({ registry, path: `${path}.train_cfg.${name}` });
    const head = this.constructor.name;
    this.assigner = buildAssigner(cfg.assigner, at('assigner'), { head, predictions: ['logits', 'masks'] });
    this.sampler = buildSampler(cfg.sampler, at('sampler'), { head, assigner: this.assigner });
  }

  /** Predictions of every decoder layer. */
  abstract forward(levels: tf.Tensor4D[], batch: DetBatch): MaskPredictions[];
  /** What of the masks of one image the assigner compares. */
  protected abstract compared(
    masks: tf.Tensor3D,
    truths: MaskTruths,
    batch: DetBatch,
    context: LossContext,
  ): ComparedMasks;
  /** `mask` and `dice` of matched masks, logits [n, h, w]; `divisor` is their number, of all processes. */
  protected abstract maskLosses(
    logits: tf.Tensor3D,
    truths: readonly MaskTruths[],
    matched: readonly MatchedMask[],
    divisor: number,
    batch: DetBatch,
    context: LossContext,
  ): { mask: tf.Scalar; dice: tf.Scalar };

  /** Of the masks [Q, H, w] of one image those that are shown beside its boxes. */
  protected shown(masks: tf.Tensor3D, _image: number, _batch: DetBatch): tf.Tensor3D {
    return masks;
  }

  /** Called while the head is built: what classifies a query, and what it compares pixels with. */
  protected addPredictors(): { classes: Linear; embedding: Linear[] } {
    const { feat_channels: channels, out_channels } = this.config;
    const classes = this.addChild('cls_embed', new Linear({ inFeatures: channels, outFeatures: this.numClasses + 1 }));
    const linear = (i: number, outFeatures: number) =>
      this.addChild(`mask_embed.${i}`, new Linear({ inFeatures: channels, outFeatures }));
    return { classes, embedding: [linear(0, channels), linear(2, channels), linear(4, out_channels)] };
  }

  /** Losses by layer: `loss_cls`, `loss_mask` and `loss_dice` of the last, `d0.loss_cls`, ... of those before it. */
  loss(levels: tf.Tensor4D[], batch: DetBatch, context: LossContext): Losses {
    const truths = batch.samples.map((sample) => maskTruthsOf(sample, this.config));
    return this.lossesOf(this.forward(levels, batch), truths, batch, context);
  }

  protected lossesOf(
    layers: readonly MaskPredictions[],
    truths: readonly MaskTruths[],
    batch: DetBatch,
    context: LossContext,
  ): Losses {
    return byLayer(layers.map((layer) => this.layerLosses(layer, truths, batch, context)));
  }

  private layerLosses(layer: MaskPredictions, truths: readonly MaskTruths[], batch: DetBatch, context: LossContext) {
    const { labels, matched, count } = this.targets(layer, truths, batch, context);
    const [images, queries, height, width] = layer.masks.shape;
    const rows: tf.Tensor2D = layer.scores.reshape([images * queries, this.numClasses + 1]);
    const avgFactor = labels.reduce((sum, label) => sum + this.classWeights[label], 0);
    const loss_cls = this.lossCls.forward(rows, tf.tensor1d(labels, 'int32'), { avgFactor }) as tf.Scalar;
    const divisor = meanOverRanks(count, 1);
    if (matched.length === 0) return { loss_cls, loss_mask: zeroLoss(layer.masks), loss_dice: zeroLoss(layer.masks) };
    const indices = Int32Array.from(matched, ({ image, query }) => image * queries + query);
    const all: tf.Tensor3D = layer.masks.reshape([images * queries, height, width]);
    const logits = tf.gather(all, tf.tensor1d(indices, 'int32'));
    const { mask, dice } = this.maskLosses(logits, truths, matched, divisor, batch, context);
    return { loss_cls, loss_mask: mask, loss_dice: dice };
  }

  /** Class of every query, the matched masks, and their number, at least one an image. */
  private targets(layer: MaskPredictions, truths: readonly MaskTruths[], batch: DetBatch, context: LossContext) {
    const example = "{ assigner: { type: 'HungarianAssigner', match_costs: [{ type: 'ClassificationCost' }] } }";
    const assigner = requireCfg(this.assigner, this.constructor.name, 'train_cfg', example);
    const [images, queries] = layer.scores.shape;
    const logits = layer.scores.dataSync<'float32'>();
    const masks = stopGradient(layer.masks);
    const labels = new Int32Array(images * queries).fill(this.numClasses);
    const matched: MatchedMask[] = [];
    let count = 0;
    for (const [image, ofImage] of truths.entries()) {
      const own = tf.slice(masks, [image, 0, 0, 0], [1, -1, -1, -1]).squeeze<tf.Tensor3D>([0]);
      const { predicted, truth } = this.compared(own, ofImage, batch, context);
      const predictions: Predictions = {
        count: queries,
        classes: this.numClasses + 1,
        logits: imageRows(logits, image, images),
        masks: predicted,
      };
      const instances = instancesOf(ofImage, truth);
      const { imgShape } = batch.samples[image].meta;
      const { random, epoch } = context;
      const input = { priors: NO_PRIORS, levels: [], instances, predictions, imgShape, random, epoch };
      const assigned = assigner.assign(input);
      const sampled = this.sampler!.sample({ assigned, priors: NO_PRIORS, instances, random });
      count += sampled.avgFactor;
      for (const [k, query] of sampled.positive.entries()) {
        labels[image * queries + query] = sampled.positiveLabels[k];
        matched.push({ image, query, truth: sampled.positiveTruth[k] });
      }
      context.watch?.assigned({
        source: 'decoder',
        image,
        form: 'queries',
        indices: sampled.positive,
        priors: maskBoxes(this.shown(own, image, batch), sampled.positive, batch.batchShape),
        truths: sampled.positiveTruth,
        boxes: ofImage.boxes,
        labels: ofImage.labels,
      });
    }
    return { labels, matched, count };
  }
}

/** The boxes around the masks [Q, h, w] of queries, in pixels of an image of size `full`. */
function maskBoxes(masks: tf.Tensor3D, queries: Int32Array, full: readonly [number, number]): Float32Array {
  const [, height, width] = masks.shape;
  const values = masks.dataSync<'float32'>();
  const area = height * width;
  const rles = Array.from(queries, (query) =>
    encodeRle(
      values.subarray(query * area, (query + 1) * area).map((v) => (v > 0 ? 1 : 0)),
      height,
      width,
    ),
  );
  const boxes = boxesOfMasks({ kind: 'bitmap', height, width, masks: rles });
  return boxes.map((v, i) => v * (i % 2 ? full[0] / height : full[1] / width));
}

/** Scores of the classes and masks of queries [N, Q, C] over features of pixels [N, h, w, c]. */
export function predictMasks(
  states: tf.Tensor3D,
  pixels: tf.Tensor4D,
  { classes, embedding }: { classes: Linear; embedding: Linear[] },
): MaskPredictions {
  const [count, height, width, channels] = pixels.shape;
  let embed = states;
  for (const [i, linear] of embedding.entries())
    embed = linear.forward(embed, { activation: i < embedding.length - 1 ? 'relu' : 'linear' });
  const rows: tf.Tensor3D = pixels.reshape([count, height * width, channels]);
  const masks = tf.matMul(embed, rows, false, true).reshape<tf.Tensor4D>([count, states.shape[1], height, width]);
  return { scores: classes.forward(states), masks };
}

/** @throws DetLabError for levels that are not those of the features */
export function checkLevels(type: string, channels: readonly number[], { inputs, path }: BuildContext): void {
  const found = inputs?.map((level) => level.channels);
  if (found && found.join() !== channels.join())
    throw new DetLabError(
      `Cannot attach ${type} at ${path}: its in_channels are [${channels.join(', ')}], but the features it reads have ` +
        `[${found.join(', ')}] channels. Leave in_channels out to take theirs`,
    );
}
