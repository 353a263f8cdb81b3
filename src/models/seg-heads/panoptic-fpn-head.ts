// PanopticFPNHead: the semantic branch of Panoptic FPN (Kirillov et al., CVPR 2019). Every level is enlarged to the finest, their sum
// classified: stuff, and one class for all things.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import type { SemanticMap } from '../../masks';
import { applyInitCfg, Conv2d, convCfg, initCfg, Module, ModuleList, normal, normCfg, zeros } from '../../nn';
import { interpolate } from '../../ops';
import { inferHeadChannels } from '../inferred-options/infer-head-channels';
import {
  inferPanopticClasses,
  type PanopticClasses,
  panopticClassesOptions,
  panopticInferred,
} from '../inferred-options/infer-panoptic-classes';
import { ConvUpsample } from '../layers/conv-upsample';
import type { Loss } from '../losses';
import { semanticTargets } from '../roi-heads/semantic-heads/semantic-targets';
import type { DetBatch, Losses } from '../types';
import { resizedMaps } from './resized-maps';

const size = z.int().positive();
const options = z.strictObject({
  ...panopticClassesOptions,
  in_channels: size.optional().describe('Channels of the feature levels'),
  inner_channels: size.default(128).describe('Channels of the convolutions'),
  start_level: z.int().min(0).default(0).describe('First feature level that is read: the finest, of stride 4'),
  end_level: size.default(4).describe('One more than the last level that is read'),
  conv_cfg: convCfg.nullish().describe('Kind of the convolutions'),
  norm_cfg: normCfg
    .nullable()
    .default({ type: 'GN', num_groups: 32, requires_grad: true, eps: 1e-5 })
    .describe('Norm after every convolution'),
  loss_seg: moduleOption('loss')
    .default({ type: 'CrossEntropyLoss', ignore_index: -1, loss_weight: 1 })
    .describe('Loss of the semantic map'),
  init_cfg: initCfg.nullish().describe('Weight initialisation'),
});
type Config = z.output<typeof options> & PanopticClasses & { in_channels: number };

export class PanopticFPNHead extends Module {
  readonly numThings: number;
  readonly numStuff: number;
  private readonly branches: ModuleList<ConvUpsample>;
  private readonly predictor: Conv2d;
  private readonly criterion: Loss;

  constructor(
    private readonly config: Config,
    { registry, path, inputs }: BuildContext,
  ) {
    super();
    const { start_level: start, end_level: end, in_channels: inChannels, inner_channels: channels } = config;
    this.numThings = config.num_things_classes;
    this.numStuff = config.num_stuff_classes;
    if (start >= end || (inputs && end > inputs.length))
      throw new DetLabError(
        `Cannot build PanopticFPNHead at ${path}: it reads the levels ${start} to ${end - 1} (start_level, end_level), but there are ` +
          `${inputs?.length ?? 'no more than that'}`,
      );
    this.criterion = registry.build('loss', config.loss_seg, { path: `${path}.loss_seg` });
    const branch = (_: unknown, k: number) =>
      new ConvUpsample({
        inChannels,
        channels,
        layers: Math.max(start + k, 1),
        upsamplings: start + k,
        convCfg: config.conv_cfg,
        normCfg: config.norm_cfg,
      });
    const branches = Array.from({ length: end - start }, branch);
    this.branches = this.addChild('conv_upsample_layers', new ModuleList(branches));
    this.predictor = this.addChild(
      'conv_logits',
      new Conv2d({ inChannels: channels, outChannels: this.numStuff + 1, kernelSize: 1 }),
    );
    applyInitCfg(this, config.init_cfg);
    this.predictor.weight.initializer = normal(0.01);
    this.predictor.bias!.initializer = zeros;
  }

  /** Logits [N, H/4, W/4, stuff + 1]. */
  forward(levels: tf.Tensor4D[]): tf.Tensor4D {
    const maps = [...this.branches].map((branch, k) => branch.forward(levels[this.config.start_level + k]));
    return this.predictor.forward(maps.length === 1 ? maps[0] : tf.addN(maps));
  }

  /** `loss_seg`: the mean over all pixels of the batch, those of the padding too. */
  loss(levels: tf.Tensor4D[], batch: DetBatch): Losses {
    const step = 2 ** (this.config.start_level + 2);
    const height = Math.floor(batch.batchShape[0] / step);
    const width = Math.floor(batch.batchShape[1] / step);
    const logits = this.forward(levels);
    const [, rows, columns, classes] = logits.shape;
    const fitted =
      rows === height && columns === width ? logits : interpolate(logits, { size: [height, width], mode: 'bilinear' });
    const { numThings, numStuff } = this;
    const targets = semanticTargets(batch, [height, width], step).map((label) => {
      if (label < numThings) return numStuff;
      return label < numThings + numStuff ? label - numThings : label;
    });
    const labels = tf.tensor1d(targets, 'int32');
    return { loss_seg: this.criterion.forward(fitted.cast('float32').reshape([-1, classes]), labels) as tf.Scalar };
  }

  /**
   * The class of every pixel of each image, counted from the first of things: one past the last is that of things. In the original
   * image with `rescale`.
   */
  predict(levels: tf.Tensor4D[], batch: DetBatch, { rescale }: { rescale: boolean }): SemanticMap[] {
    const logits = this.forward(levels);
    return batch.samples.map((_, n) => {
      const own = tf.slice(logits, [n, 0, 0, 0], [1, -1, -1, -1]);
      const maps = resizedMaps(own, batch, n, { rescale });
      const [, height, width] = maps.shape;
      const best = tf.argMax(maps, 3).dataSync<'int32'>();
      return { data: Uint16Array.from(best, (label) => label + this.numThings), width, height };
    });
  }
}

export const panopticFPNHeadDefinition = defineModule({
  kind: 'semantic_head',
  type: 'PanopticFPNHead',
  summary: 'Semantic segmentation from all levels of a pyramid: stuff, and one class for all things',
  paper: 'Kirillov et al., Panoptic Feature Pyramid Networks, CVPR 2019',
  shapes: 'feature levels [N, H, W, C] -> logits [N, h, w, stuff + 1]',
  example: "{ type: 'PanopticFPNHead', num_things_classes: 80, num_stuff_classes: 53, in_channels: 256 }",
  options,
  inferred: { ...panopticInferred, in_channels: "the neck's channels" },
  infer: (given, context) => ({
    ...inferPanopticClasses('PanopticFPNHead', given, context),
    in_channels: inferHeadChannels('PanopticFPNHead', given.in_channels, context),
  }),
  build: (given, context) => new PanopticFPNHead(given as Config, context),
});
