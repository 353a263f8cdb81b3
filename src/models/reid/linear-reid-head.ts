// LinearReIDHead: fully connected layers to an embedding. It learns to be near that of images of the same object (triplets) and, through
// a batch norm, which object it is (Luo et al., Bag of Tricks and a Strong Baseline for Person Re-Identification, CVPRW 2019).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, type ModuleConfig, moduleOption } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { actCfg, applyInitCfg, BatchNorm2d, initCfg, Linear, Module, ModuleList } from '../../nn';
import { inferNumClasses } from '../inferred-options/infer-num-classes';
import type { Loss } from '../losses';
import { topAccuracies } from '../losses/accuracy';
import type { Losses } from '../types';
import { FcModule, fcNorm } from './fc-module';
import { forwardRows } from './forward-rows';
import type { ReIDHead } from './reid-head';

const rank = z.int().positive();

const options = z.strictObject({
  num_fcs: z.int().min(0).describe('Fully connected layers before the embedding'),
  in_channels: z.int().positive().optional().describe('Channels of the pooled features'),
  fc_channels: z.int().positive().describe('Channels of those layers'),
  out_channels: z.int().positive().describe('Length of the embedding'),
  norm_cfg: fcNorm.nullable().default(null).describe('Normalisation after each of them'),
  act_cfg: actCfg.nullable().default(null).describe('Activation after each of them'),
  num_classes: z.int().positive().optional().describe('Identities of the training data, with loss_cls'),
  loss_cls: moduleOption('loss').nullable().default(null).describe('Classification loss of the identities'),
  loss_triplet: moduleOption('loss').nullable().default(null).describe('Loss of the distances of embeddings'),
  topk: z
    .union([rank, z.array(rank).min(1)])
    .default([1])
    .describe('The accuracies that are logged: whether the identity is among so many first ones'),
  init_cfg: initCfg
    .nullable()
    .default({ type: 'Normal', layer: 'Linear', mean: 0, std: 0.01, bias: 0 })
    .describe('Weight initialisation'),
});
type Options = z.output<typeof options>;

export class LinearReIDHead extends Module implements ReIDHead {
  readonly numClasses: number;
  readonly channels: number;
  private readonly fcs: ModuleList<FcModule>;
  private readonly fcOut: Linear;
  private readonly classification?: { bn: BatchNorm2d; classifier: Linear; loss: Loss };
  private readonly triplet?: Loss;
  private readonly ranks: number[];

  constructor(given: Options & { in_channels: number }, { registry, path }: BuildContext) {
    super();
    const { num_fcs, in_channels, fc_channels, out_channels, norm_cfg, act_cfg, num_classes = 1 } = given;
    this.numClasses = num_classes;
    this.channels = out_channels;
    this.ranks = [given.topk].flat();
    const layer = (i: number) => new FcModule(i === 0 ? in_channels : fc_channels, fc_channels, norm_cfg, act_cfg);
    this.fcs = this.addChild('fcs', new ModuleList(Array.from({ length: num_fcs }, (_, i) => layer(i))));
    const inFeatures = num_fcs === 0 ? in_channels : fc_channels;
    this.fcOut = this.addChild('fc_out', new Linear({ inFeatures, outFeatures: out_channels }));
    const build = (name: 'loss_cls' | 'loss_triplet') =>
      registry.build('loss', given[name] as ModuleConfig, { path: `${path}.${name}` });
    if (given.loss_triplet) this.triplet = build('loss_triplet');
    if (given.loss_cls)
      this.classification = {
        bn: this.addChild('bn', new BatchNorm2d({ channels: out_channels })),
        classifier: this.addChild('classifier', new Linear({ inFeatures: out_channels, outFeatures: num_classes })),
        loss: build('loss_cls'),
      };
    applyInitCfg(this, given.init_cfg);
  }

  get classifies(): boolean {
    return this.classification !== undefined;
  }

  forward(features: tf.Tensor4D[]): tf.Tensor2D {
    const [n, height, width, channels] = features[features.length - 1].shape;
    if (height !== 1 || width !== 1)
      throw new DetLabError(
        `Cannot make embeddings: expected pooled features [N, 1, 1, ${channels}], received [${n}, ${height}, ${width}, ${channels}]. ` +
          'Resize the images to what GlobalAveragePooling is for (256 x 128 with kernel_size [8, 4]), or leave its kernel_size out',
      );
    let x = features[features.length - 1].reshape<tf.Tensor2D>([n, channels]);
    for (const fc of this.fcs) x = fc.forward(x);
    return this.fcOut.forward(x);
  }

  loss(features: tf.Tensor4D[], identities: readonly number[]): Losses {
    const embeddings = this.forward(features);
    const labels = tf.tensor1d([...identities], 'int32');
    const losses: Losses = {};
    if (this.triplet) losses.triplet_loss = this.triplet.forward(embeddings, labels) as tf.Scalar;
    if (this.classification) {
      const { bn, classifier, loss } = this.classification;
      const scores = classifier.forward(forwardRows(bn, embeddings));
      losses.ce_loss = loss.forward(scores, labels) as tf.Scalar;
      for (const [i, accuracy] of topAccuracies(scores, labels, this.ranks).entries())
        losses[`accuracy_top-${this.ranks[i]}`] = accuracy;
    }
    return losses;
  }
}

/** @throws DetLabError for a head without a loss, and for one whose channels are not those of the features. */
function infer(given: Options, context: BuildContext): Options {
  const { path, inputs } = context;
  if (!given.loss_cls && !given.loss_triplet)
    throw new DetLabError(
      `Cannot build LinearReIDHead at ${path}: expected loss_cls, loss_triplet or both, received none`,
    );
  const found = inputs?.at(-1)?.channels;
  const in_channels = given.in_channels ?? found;
  if (in_channels === undefined || (found !== undefined && in_channels !== found))
    throw new DetLabError(
      `Cannot build LinearReIDHead at ${path}: its in_channels is ${in_channels ?? 'not given'}, the features have ` +
        `${found ?? 'an unknown number of'} channels. Leave it out to take theirs`,
    );
  if (!given.loss_cls) return { ...given, in_channels };
  return { ...given, in_channels, num_classes: inferNumClasses('LinearReIDHead', given.num_classes, context) };
}

export const linearReIDHeadDefinition = defineModule({
  kind: 'reid_head',
  type: 'LinearReIDHead',
  summary: 'Fully connected layers from pooled features to an embedding',
  paper: 'Luo et al., Bag of Tricks and a Strong Baseline for Deep Person Re-Identification, CVPRW 2019',
  shapes: 'pooled features [N, 1, 1, in_channels] -> embeddings [N, out_channels]',
  example:
    "{ type: 'LinearReIDHead', num_fcs: 1, in_channels: 2048, fc_channels: 1024, out_channels: 128, loss_triplet: { type: 'TripletLoss' } }",
  options,
  inferred: { in_channels: 'the channels of the neck', num_classes: 'the identities of the training data' },
  infer,
  build: (given, context) => new LinearReIDHead(given as Options & { in_channels: number }, context),
});
