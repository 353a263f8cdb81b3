// GridHead: a heatmap of each point of a grid over an object (Lu et al., Grid R-CNN, CVPR 2019). Points read their neighbours' features,
// twice. A map covers the RoI enlarged twofold, and of it the part in which its point may be (Grid R-CNN Plus). Points are numbered
// column by column: x first.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import {
  applyInitCfg,
  Conv2d,
  ConvModule,
  ConvTranspose2d,
  convCfg,
  GroupNorm,
  type InitCfg,
  initCfg,
  Module,
  ModuleList,
  normCfg,
  Sequential,
} from '../../../nn';
import { inferHeadChannels } from '../../inferred-options/infer-head-channels';
import type { Loss } from '../../losses';
import { gridBoxes, gridBoxTensors } from './grid-boxes';
import { gridTargets } from './grid-targets';
import { subRegions } from './sub-regions';

const size = z.number().int().positive();
const start: InitCfg[] = [
  { type: 'Kaiming', layer: ['Conv2d', 'Linear'] },
  {
    type: 'Normal',
    layer: 'ConvTranspose2d',
    std: 0.001,
    override: { type: 'Normal', name: 'deconv2', std: 0.001, bias: -Math.log(0.99 / 0.01) },
  },
];
const options = z.strictObject({
  grid_points: size
    .min(4)
    .default(9)
    .refine((n) => Number.isInteger(Math.sqrt(n)), 'expected a square number')
    .describe('Points of the grid: a square number'),
  num_convs: size.default(8).describe('Convolutions; the first one halves the map'),
  roi_feat_size: size.default(14).describe('Side of a pooled RoI'),
  in_channels: size.optional().describe('Channels of a pooled RoI'),
  conv_kernel_size: size.default(3).describe('Kernel size of the convolutions'),
  point_feat_channels: size.default(64).describe('Channels of each point'),
  deconv_kernel_size: size.default(4).describe('Kernel size of the upsampling'),
  class_agnostic: z.literal(false).default(false).describe('Only false: the grid is that of all classes'),
  loss_grid: moduleOption('loss')
    .default({ type: 'CrossEntropyLoss', use_sigmoid: true, loss_weight: 15 })
    .describe('Loss of the heatmaps'),
  conv_cfg: convCfg.nullish().describe('Kind of the convolutions'),
  norm_cfg: normCfg.nullable().prefault({ type: 'GN', num_groups: 36 }).describe('Norm after every convolution'),
  init_cfg: initCfg.nullable().default(start).describe('Weight initialisation'),
});
type Config = z.output<typeof options> & { in_channels: number };

/** Heatmaps [K, H, W, points] as logits, with the neighbours' features and, in training, without. */
export interface GridOutputs {
  fused: tf.Tensor4D;
  unfused: tf.Tensor4D;
}

type Transition = ModuleList<ModuleList<Sequential<Conv2d>>>;

export class GridHead extends Module {
  readonly numPoints: number;
  private readonly convs: Sequential<ConvModule>;
  private readonly deconv1: ConvTranspose2d;
  private readonly norm1: GroupNorm;
  private readonly deconv2: ConvTranspose2d;
  private readonly neighbours: number[][];
  private readonly transitions: [Transition, Transition];
  private readonly lossGrid: Loss;

  constructor(
    private readonly config: Config,
    { registry, path }: BuildContext,
  ) {
    super();
    const { grid_points: points, point_feat_channels: each, in_channels, conv_kernel_size: kernelSize } = config;
    this.numPoints = points;
    const width = points * each;
    const { norm_cfg: normCfg, deconv_kernel_size: k } = config;
    if (normCfg?.type === 'GN' && width % normCfg.num_groups !== 0)
      throw new DetLabError(
        `Cannot build GridHead at ${path}: its ${width} channels (grid_points x point_feat_channels) cannot be divided into ` +
          `${normCfg.num_groups} groups (norm_cfg.num_groups)`,
      );
    const conv = (i: number) =>
      new ConvModule({
        inChannels: i === 0 ? in_channels : width,
        outChannels: width,
        kernelSize,
        stride: i === 0 ? 2 : 1,
        padding: (kernelSize - 1) >> 1,
        bias: true,
        convCfg: config.conv_cfg,
        normCfg,
      });
    this.convs = this.addChild('convs', new Sequential<ConvModule>());
    for (let i = 0; i < config.num_convs; i++) this.convs.push(conv(i));
    const deconv = { inChannels: width, kernelSize: k, stride: 2, padding: (k - 2) >> 1, groups: points };
    this.deconv1 = this.addChild('deconv1', new ConvTranspose2d({ ...deconv, outChannels: width }));
    this.norm1 = this.addChild('norm1', new GroupNorm({ groups: points, channels: width }));
    this.deconv2 = this.addChild('deconv2', new ConvTranspose2d({ ...deconv, outChannels: points }));
    this.neighbours = neighboursOf(Math.sqrt(points));
    const transition = () =>
      new ModuleList(this.neighbours.map((list) => new ModuleList(list.map(() => betweenPoints(each)))));
    const first = this.addChild('forder_trans', transition());
    this.transitions = [first, this.addChild('sorder_trans', transition())];
    this.lossGrid = registry.build('loss', config.loss_grid, { path: `${path}.loss_grid` });
    applyInitCfg(this, config.init_cfg);
  }

  /** Side of the map of the whole enlarged RoI. */
  private get mapSize(): number {
    return 4 * this.config.roi_feat_size;
  }

  /** Pooled RoIs [K, h, h, C] -> heatmaps [K, 2 h, 2 h, points]. */
  forward(pooled: tf.Tensor4D): GridOutputs {
    const { roi_feat_size: side } = this.config;
    if (pooled.shape[1] !== side || pooled.shape[2] !== side)
      throw new DetLabError(
        `Cannot predict a grid: expected RoIs of ${side} x ${side} (roi_feat_size), received ${pooled.shape.slice(1, 3).join(' x ')}`,
      );
    let x = pooled;
    for (const conv of this.convs) x = conv.forward(x);
    const own = tf.split(x, this.numPoints, 3) as tf.Tensor4D[];
    const once = this.exchange(own, own, this.transitions[0]);
    const fused = this.heatmaps(tf.concat(this.exchange(own, once, this.transitions[1]), 3));
    return { fused, unfused: this.training ? this.heatmaps(x) : fused };
  }

  /** Each point's features, with what comes from its neighbours. */
  private exchange(own: tf.Tensor4D[], from: tf.Tensor4D[], transition: Transition): tf.Tensor4D[] {
    return this.neighbours.map((list, i) =>
      list.reduce<tf.Tensor4D>((sum, point, j) => {
        let y = from[point];
        for (const layer of transition.at(i).at(j)) y = layer.forward(y);
        return tf.add(sum, y);
      }, own[i]),
    );
  }

  private heatmaps(x: tf.Tensor4D): tf.Tensor4D {
    return this.deconv2.forward(tf.relu(this.norm1.forward(this.deconv1.forward(x))));
  }

  /** The targets [K, H, W, points] of `boxes` with the ground truth `truths` (flat xyxy). */
  targets(boxes: Float32Array, truths: Float32Array, radius: number): Float32Array {
    return gridTargets(boxes, truths, { grid: Math.sqrt(this.numPoints), mapSize: this.mapSize, radius });
  }

  /** `loss_grid`: of both kinds of heatmaps. */
  loss({ fused, unfused }: GridOutputs, targets: Float32Array): tf.Scalar {
    const truth = tf.tensor4d(targets, fused.shape);
    const compare = (heatmaps: tf.Tensor4D) => this.lossGrid.forward(heatmaps.cast('float32'), truth);
    return tf.add(compare(fused), compare(unfused));
  }

  /** The best pixel of each heatmap and its probability, [K, points]. */
  best(pooled: tf.Tensor4D): { scores: Float32Array; positions: Float32Array } {
    const { scores, positions } = this.bestPixels(pooled);
    return { scores: scores.dataSync<'float32'>(), positions: positions.dataSync<'float32'>() };
  }

  private bestPixels(pooled: tf.Tensor4D): Record<'scores' | 'positions', tf.Tensor2D> {
    const heatmaps = this.forward(pooled).fused;
    const [count, height, width, points] = heatmaps.shape;
    const flat = tf.sigmoid(heatmaps.cast('float32').reshape([count, height * width, points]));
    return { scores: tf.max(flat, 1), positions: tf.argMax(flat, 1).cast('float32') };
  }

  /** Boxes from the best points: means of the points of each side, weighted by probability. */
  boxes(
    boxes: Float32Array,
    scores: Float32Array,
    positions: Float32Array,
    imgShape: readonly [number, number],
  ): Float32Array {
    const regions = subRegions(Math.sqrt(this.numPoints), this.mapSize);
    return gridBoxes(boxes, { scores, positions, regions, imgShape, side: this.mapSize / 2 });
  }

  /** The boxes of RoIs [K, 4] from what is pooled of them, not clipped, as tensors alone. */
  boxTensors(pooled: tf.Tensor4D, boxes: tf.Tensor2D): tf.Tensor2D {
    const { scores, positions } = this.bestPixels(pooled);
    const regions = subRegions(Math.sqrt(this.numPoints), this.mapSize);
    return gridBoxTensors(boxes, { scores, positions, regions, side: this.mapSize / 2 });
  }
}

/** Depthwise 5x5, then 1x1. */
function betweenPoints(channels: number): Sequential<Conv2d> {
  const layers = new Sequential<Conv2d>();
  const shape = { inChannels: channels, outChannels: channels };
  layers.push(new Conv2d({ ...shape, kernelSize: 5, padding: 2, groups: channels }));
  layers.push(new Conv2d({ ...shape, kernelSize: 1 }));
  return layers;
}

/** Of each point of the grid: those left, above, below and right of it, in the reference's order. */
function neighboursOf(grid: number): number[][] {
  return Array.from({ length: grid * grid }, (_, p) => {
    const [i, j] = [Math.floor(p / grid), p % grid];
    return [
      ...(i > 0 ? [p - grid] : []),
      ...(j > 0 ? [p - 1] : []),
      ...(j < grid - 1 ? [p + 1] : []),
      ...(i < grid - 1 ? [p + grid] : []),
    ];
  });
}

declare module '../../../catalogue/registry' {
  interface Built {
    grid_head: GridHead;
  }
}

export const gridHeadDefinition = defineModule({
  kind: 'grid_head',
  type: 'GridHead',
  summary: 'Heatmaps of a grid of points over the object in each RoI',
  paper: 'Lu et al., Grid R-CNN, CVPR 2019',
  shapes: 'pooled RoIs [K, h, h, C] -> heatmaps [K, 2 h, 2 h, points]',
  example: "{ type: 'GridHead', grid_points: 9, num_convs: 8, in_channels: 256 }",
  options,
  inferred: { in_channels: "the RoI extractor's channels" },
  infer: (given, context) => ({ ...given, in_channels: inferHeadChannels('GridHead', given.in_channels, context) }),
  build: (given, context) => new GridHead(given as Config, context),
});
