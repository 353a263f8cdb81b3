// FoveaHead: every point in the middle of an object predicts the logarithms of the distances to its sides, in units of a length
// per level (Kong et al., FoveaBox: Beyound Anchor-based Object Detection, TIP 2020). N images, T points over all levels.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { isY, takeBoxes } from '../../geometry/boxes';
import { type Conv2d, ConvModule, Conv2d as Convolution, Module, Sequential } from '../../nn';
import { meanOverRanks } from '../../ops/over-ranks';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import { FeatureAlign } from '../layers/feature-align';
import { buildClassificationLoss, type ClassificationLoss, type Loss, zeroLoss } from '../losses';
import type { Size } from '../task-modules';
import { DistancePointBBoxCoder } from '../task-modules/coders/distance-point-bbox-coder';
import type { Losses } from '../types';
import type { BatchTargets } from './batch-targets';
import { convTower, type TowerLayer } from './conv-tower';
import { type CandidateTensors, DenseHead, type Selection } from './dense-head';
import type { DenseOutputs } from './dense-outputs';
import { fcosOptions } from './fcos-head';
import { FoveaAssigner } from './fovea-assigner';
import { initOptionOf, normOption, rareClassInit } from './head-options';
import { initializeDenseHead } from './initialize-dense-head';

const {
  regress_ranges: _ranges,
  center_sampling: _sampling,
  center_sample_radius: _radius,
  norm_on_bbox: _norm,
  centerness_on_reg: _place,
  loss_centerness: _centerness,
  cls_predictor_cfg: _predictor,
  ...anchorFreeOptions
} = fcosOptions;
const options = z.strictObject({
  ...anchorFreeOptions,
  base_edge_list: z
    .array(z.number().positive())
    .default([16, 32, 64, 128, 256])
    .describe('Unit of the distances of each level, in pixels'),
  scale_ranges: z
    .array(z.tuple([z.number(), z.number()]))
    .default([
      [8, 32],
      [16, 64],
      [32, 128],
      [64, 256],
      [128, 512],
    ])
    .describe('Minimum and maximum square root of the area of the boxes of each level, in pixels'),
  sigma: z
    .number()
    .positive()
    .max(1)
    .default(0.4)
    .describe('Share of the width and height of a box whose cells are positive'),
  with_deform: z
    .boolean()
    .default(false)
    .describe('Align the features of the classes to the box, by a deformable convolution'),
  deform_groups: z
    .int()
    .positive()
    .default(4)
    .describe('Groups of channels with offsets of their own in that convolution'),
  norm_cfg: normOption,
  bbox_coder: ignoredOption('distances are coded by base_edge_list'),
  init_cfg: initOptionOf(rareClassInit('conv_cls')),
});
export type FoveaHeadConfig = z.output<typeof options> & { in_channels: number; num_classes: number };
type FoveaMaps = 'scores' | 'deltas';

/** Smallest and largest distance that is learnt, in units of the level. */
const RANGE = [1 / 16, 16];

export class FoveaHead extends DenseHead<FoveaHeadConfig, FoveaMaps> {
  protected readonly towers: Record<'cls' | 'reg', Sequential<TowerLayer>>;
  protected readonly align?: FeatureAlign;
  protected readonly cls: Conv2d;
  protected readonly reg: Conv2d;
  protected readonly lossCls: ClassificationLoss;
  protected readonly lossBbox: Loss;

  constructor(config: FoveaHeadConfig, context: BuildContext) {
    const { strides, base_edge_list: edges, scale_ranges: ranges, sigma, feat_channels: channels } = config;
    const { registry, path, inputs } = context;
    const at = (name: string) => ({ registry, path: `${path}.${name}`, inputs });
    super(config, context, {
      priors: registry.build('anchor_generator', { type: 'MlvlPointGenerator', strides }, at('strides')),
      coder: new DistancePointBBoxCoder(),
      assigner: new FoveaAssigner({ ranges, sigma }),
    });
    for (const [name, { length }] of Object.entries({ base_edge_list: edges, scale_ranges: ranges }))
      if (length !== strides.length)
        throw new DetLabError(
          `Cannot build FoveaHead at ${path}: expected as many entries of ${name} as strides (${strides.length}), received ${length}`,
        );
    this.lossCls = buildClassificationLoss(config.loss_cls, at('loss_cls'));
    this.lossBbox = registry.build('loss', config.loss_bbox, at('loss_bbox'));
    // of losses that count (GHMC, GHMR), in the state dict
    if (this.lossCls instanceof Module) this.addChild('loss_cls', this.lossCls);
    if (this.lossBbox instanceof Module) this.addChild('loss_bbox', this.lossBbox);
    const predictor = (inChannels: number, outChannels: number) =>
      new Convolution({ inChannels, outChannels, kernelSize: 3, padding: 1 });
    const reg = this.addChild('reg_convs', convTower(config));
    this.reg = this.addChild('conv_reg', predictor(channels, 4));
    const { conv_cfg: convCfg, norm_cfg: normCfg } = config;
    const wide = { outChannels: 4 * channels, convCfg, normCfg, bias: !normCfg };
    const cls = config.with_deform
      ? new Sequential<TowerLayer>([
          new ConvModule({ inChannels: channels, kernelSize: 3, padding: 1, ...wide }),
          new ConvModule({ inChannels: 4 * channels, kernelSize: 1, ...wide }),
        ])
      : convTower(config);
    this.towers = { reg, cls: this.addChild('cls_convs', cls) };
    if (config.with_deform)
      this.align = this.addChild(
        'feature_adaption',
        new FeatureAlign(config.in_channels, channels, config.deform_groups),
      );
    this.cls = this.addChild('conv_cls', predictor(config.with_deform ? 4 * channels : channels, this.scoreChannels));
    initializeDenseHead(this, config.init_cfg);
  }

  override get scoreChannels(): number {
    return this.lossCls.useSigmoid ? this.numClasses : this.numClasses + 1;
  }

  protected override get columns(): Record<FoveaMaps, number> {
    return { scores: this.scoreChannels, deltas: 4 };
  }

  protected override forwardSingle(x: tf.Tensor4D): Record<FoveaMaps, tf.Tensor4D> {
    const deltas = this.reg.forward(this.towers.reg.forward(x));
    const aligned = this.align?.forward(x, tf.exp(deltas)) ?? x;
    return { scores: this.cls.forward(this.towers.cls.forward(aligned)), deltas };
  }

  /** Unit of the distances of every point [T]. */
  private edges(sizes: Size[]): Float32Array {
    return Float32Array.from(this.priorCache.levels(sizes), (level) => this.config.base_edge_list[level]);
  }

  protected override boxTargets(boxes: Float32Array, priors: Int32Array, sizes: Size[]): Float32Array {
    const edges = this.edges(sizes);
    const distances = this.coder.encode(takeBoxes(this.priorCache.of(sizes), priors), boxes);
    const [min, max] = RANGE;
    return distances.map((d, i) => Math.log(Math.min(Math.max(Math.fround(d / edges[priors[i >> 2]]), min), max)));
  }

  protected override losses(
    outputs: DenseOutputs<FoveaMaps>,
    { labels, positives, boxes, images }: BatchTargets,
  ): Losses {
    const count = positives.length;
    const logits = outputs.flat('scores').reshape<tf.Tensor2D>([-1, this.scoreChannels]);
    const avgFactor = meanOverRanks(count + images.length);
    const loss_cls = this.lossCls.forward(logits, tf.tensor1d(labels, 'int32'), { avgFactor }) as tf.Scalar;
    const boxFactor = meanOverRanks(count, 1);
    if (count === 0) return { loss_cls, loss_bbox: zeroLoss(this) };
    const predicted = tf.gather(outputs.flat('deltas').reshape<tf.Tensor2D>([-1, 4]), tf.tensor1d(positives, 'int32'));
    const loss_bbox = this.lossBbox.forward(predicted, tf.tensor2d(boxes, [count, 4]), { avgFactor: boxFactor });
    return { loss_cls, loss_bbox: loss_bbox as tf.Scalar };
  }

  protected override candidates(outputs: DenseOutputs<FoveaMaps>): CandidateTensors {
    const logits = outputs.flat('scores');
    const edges = this.edges(outputs.sizes);
    return {
      scores: this.lossCls.useSigmoid ? tf.sigmoid(logits) : tf.softmax(logits),
      boxes: tf.mul(tf.exp(outputs.flat('deltas')), tf.tensor2d(edges, [edges.length, 1])), // pixels
    };
  }

  /** Clipped to the last pixel, one short of the image's size, as in the reference. */
  protected override decode(
    distances: Float32Array,
    priors: Int32Array,
    sizes: Size[],
    [height, width]: Size,
  ): Float32Array {
    const boxes = this.coder.decode(takeBoxes(this.coderPriors(sizes), priors), distances);
    return boxes.map((v, i) => Math.min(Math.max(v, 0), (isY(i) ? height : width) - 1));
  }

  protected override decodedBoxes(distances: tf.Tensor, sizes: Size[]): tf.Tensor {
    return this.coder.decodeTensors(this.coderPriors(sizes), distances);
  }

  override get selection(): Selection {
    return { ...super.selection, clips: true, margin: 1 };
  }
}

export const foveaHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'FoveaHead',
  summary: 'Anchor-free head: cells in the middle of an object predict its class and sides',
  paper: 'Kong et al., FoveaBox: Beyound Anchor-based Object Detection, TIP 2020',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example: "{ type: 'FoveaHead', num_classes: 80, strides: [4, 8, 16, 32, 64] }",
  options,
  inferred: denseHeadInferred,
  infer: (given, context) => inferDenseHead('FoveaHead', given, context),
  build: (given, context) => new FoveaHead(given as FoveaHeadConfig, context),
});
