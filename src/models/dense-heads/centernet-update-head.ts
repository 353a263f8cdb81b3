// CenterNetUpdateHead: FCOS's towers, whose classes are heat maps of centers; cells around a center that place its box well are
// positives, too (Zhou et al., Probabilistic two-stage detection, 2021: the first stage of CenterNet2). N images, T points.
//
// An image without ground truth has no heat; MMDetection fills its heat map with the number of classes.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { takeBoxes } from '../../geometry/boxes';
import type { Conv2d, ModuleList, Scale } from '../../nn';
import { meanOverRanks } from '../../ops/over-ranks';
import { stopGradient } from '../../ops/stop-gradient';
import { denseHeadInferred } from '../inferred-options/infer-dense-head';
import { joinArrays } from '../join-arrays';
import { type GaussianFocalLoss, type Loss, zeroLoss } from '../losses';
import { buildBBoxCoder, type Instances } from '../task-modules';
import type { DetBatch, Losses } from '../types';
import type { BatchTargets } from './batch-targets';
import { centerCells, centerTargets } from './center-targets';
import { type CandidateTensors, DenseHead } from './dense-head';
import { DenseOutputs, type LevelMaps } from './dense-outputs';
import { fcosOptions, inferFCOSHead } from './fcos-head';
import { lossBboxOption, lossClsOption } from './head-options';
import { initializeDenseHead } from './initialize-dense-head';
import { levelScales, TowerPair } from './tower-pair';

const {
  center_sampling: _1,
  center_sample_radius: _2,
  norm_on_bbox: _3,
  centerness_on_reg: _4,
  loss_centerness: _5,
  cls_predictor_cfg: _6,
  ...shared
} = fcosOptions;
const options = z.strictObject({
  ...shared,
  regress_ranges: shared.regress_ranges
    .default([
      [0, 80],
      [64, 160],
      [128, 320],
      [256, 640],
      [512, 1e9],
    ])
    .describe('Per level: minimum and maximum of half the diagonal of its boxes, in pixels'),
  hm_min_radius: z.number().default(4).describe('Min radius of the heat of an object, in pixels'),
  hm_min_overlap: z.number().default(0.8).describe('IoU of a box whose center is one radius off'),
  more_pos_thresh: z.number().default(0.2).describe('Box loss below which a cell around a center is positive'),
  more_pos_topk: z
    .int()
    .positive()
    .default(9)
    .describe('Of the cells around a center, fewer than so many are positive'),
  soft_weight_on_reg: z.boolean().default(false).describe('Weigh boxes by the heat of their cell'),
  loss_cls: lossClsOption({ type: 'GaussianFocalLoss', pos_weight: 0.25, neg_weight: 0.75, loss_weight: 1 }),
  loss_bbox: lossBboxOption({ type: 'GIoULoss', loss_weight: 2 }),
});
export type CenterNetUpdateHeadConfig = z.output<typeof options> & { in_channels: number; num_classes: number };
type CenterMaps = 'scores' | 'deltas';
type Config = Omit<CenterNetUpdateHeadConfig, 'train_cfg'> & { train_cfg?: null };

/** Probabilities stay this far from 0 and 1 in the loss. */
const CLAMP = 1e-4;

/** `deltas` are distances left, top, right, bottom in strides. */
export class CenterNetUpdateHead extends DenseHead<Config, CenterMaps> {
  private readonly towers: TowerPair;
  private readonly cls: Conv2d;
  private readonly reg: Conv2d;
  private readonly scales: ModuleList<Scale>;
  private readonly lossCls: GaussianFocalLoss;
  private readonly lossBbox: Loss;

  constructor(config: CenterNetUpdateHeadConfig, context: BuildContext) {
    const { registry, path, inputs } = context;
    const { strides } = config;
    const at = (name: string) => ({ registry, path: `${path}.${name}`, inputs });
    super({ ...config, train_cfg: null }, context, {
      priors: registry.build('anchor_generator', { type: 'MlvlPointGenerator', strides }, at('strides')),
      coder: buildBBoxCoder(config.bbox_coder, at('bbox_coder'), { head: 'CenterNetUpdateHead', priors: 'points' }),
    });
    this.lossCls = registry.build('loss', config.loss_cls, at('loss_cls')) as GaussianFocalLoss;
    this.lossBbox = registry.build('loss', config.loss_bbox, at('loss_bbox'));
    this.towers = new TowerPair(config);
    this.addChild('cls_convs', this.towers.cls);
    this.addChild('reg_convs', this.towers.reg);
    this.cls = this.addChild('conv_cls', this.towers.predictor(this.numClasses));
    this.reg = this.addChild('conv_reg', this.towers.predictor(4));
    this.scales = this.addChild('scales', levelScales(strides.length));
    initializeDenseHead(this, config.init_cfg);
  }

  protected override get columns(): Record<CenterMaps, number> {
    return { scores: this.numClasses, deltas: 4 };
  }

  protected override forwardSingle(x: tf.Tensor4D, level: number): Record<CenterMaps, tf.Tensor4D> {
    const { cls, reg } = this.towers.forward(x);
    const raw = this.scales.at(level).forward(this.reg.forward(reg)).cast<tf.Tensor4D>('float32');
    return { scores: this.cls.forward(cls), deltas: tf.clipByValue(raw, 0, Number.POSITIVE_INFINITY) };
  }

  /** As the reference's: distances in strides while training and in pixels else. */
  override forward(features: tf.Tensor4D[]): LevelMaps<CenterMaps> {
    const maps = super.forward(features);
    if (this.training) return maps;
    return { ...maps, deltas: maps.deltas.map((level, i) => tf.mul<tf.Tensor4D>(level, this.priors.strides[i][0])) };
  }

  protected override outputs(features: tf.Tensor4D[]): DenseOutputs<CenterMaps> {
    return new DenseOutputs(super.forward(features), this.columns);
  }

  protected override trainingLosses(outputs: DenseOutputs<CenterMaps>, { samples }: DetBatch): Losses {
    const { regress_ranges: ranges, hm_min_radius: minRadius, hm_min_overlap: overlap } = this.config;
    const { sizes } = outputs;
    const points = this.priorCache.points(sizes);
    const total = points.length / 4;
    const instances = samples.map(({ truths, meta }) => this.instances(truths, meta.imgPath));
    const options = { ranges, minRadius, delta: (1 - overlap) / (1 + overlap) };
    const images = instances.map((one) =>
      centerTargets(one, points, this.priorCache.counts(sizes), this.numClasses, options),
    );
    const centers = this.morePositives(outputs, instances);
    const scores = tf.sigmoid(outputs.flat('scores').reshape<tf.Tensor2D>([-1, this.numClasses]));
    const loss_cls = this.lossCls.forward(
      tf.clipByValue(scores, CLAMP, 1 - CLAMP),
      tf.tensor2d(joinArrays(images.map(({ heat }) => heat)), [samples.length * total, this.numClasses]),
      {
        avgFactor: meanOverRanks(centers.rows.length, 1),
        centers:
          centers.rows.length > 0
            ? { indices: tf.tensor1d(centers.rows, 'int32'), labels: tf.tensor1d(centers.labels, 'int32') }
            : undefined,
      },
    ) as tf.Scalar;
    const rows = Int32Array.from(images.flatMap(({ positive }, i) => positive.map((k) => i * total + k)));
    const heat = images.flatMap(({ heat: all, positive }) =>
      positive.map((k) =>
        all.subarray(k * this.numClasses, (k + 1) * this.numClasses).reduce((a, b) => Math.max(a, b)),
      ),
    );
    const weights = this.config.soft_weight_on_reg ? heat : heat.map(() => 1);
    const avgFactor = meanOverRanks(
      weights.reduce((a, b) => a + b, 0),
      1,
    );
    if (rows.length === 0) return { loss_cls, loss_bbox: zeroLoss(this) };
    const boxes = joinArrays(images.map(({ truths }, i) => takeBoxes(instances[i].bboxes, truths)));
    const { predicted, target } = this.pairs(outputs, rows, boxes);
    const loss_bbox = this.lossBbox.forward(predicted, target, { weight: tf.tensor1d(weights), avgFactor });
    return { loss_cls, loss_bbox: loss_bbox as tf.Scalar };
  }

  /** Predicted boxes and ground truth at rows, around their points, in strides of the points. */
  private pairs(outputs: DenseOutputs<CenterMaps>, rows: Int32Array, boxes: Float32Array) {
    const points = this.priorsOf(rows, outputs.sizes);
    const distances = this.coder.encode(points, boxes).map((v, i) => v / points[i | 3]);
    const given = tf.gather(outputs.flat('deltas').reshape<tf.Tensor2D>([-1, 4]), tf.tensor1d(rows, 'int32'));
    return {
      predicted: this.coder.decodeTensors(points, given),
      target: tf.tensor2d(this.coder.decode(points, distances), [rows.length, 4]),
    };
  }

  /** Cells around centers whose box loss is low: rows among all points of the batch, and labels. */
  private morePositives(outputs: DenseOutputs<CenterMaps>, instances: readonly Instances[]) {
    const { regress_ranges, more_pos_thresh, more_pos_topk, loss_bbox } = this.config;
    const { sizes } = outputs;
    const total = this.priorCache.of(sizes).length / 4;
    const strides = this.priors.strides.map(([x]) => x);
    const cells = instances.flatMap((one, image) =>
      centerCells(one, sizes, strides, regress_ranges).map((cell) => ({ ...cell, image, bboxes: one.bboxes })),
    );
    const valid = cells.filter(({ point }) => point !== undefined);
    const losses = new Float32Array(cells.length).fill(Number.POSITIVE_INFINITY);
    if (valid.length > 0) {
      const rows = Int32Array.from(valid, ({ image, point }) => image * total + point!);
      const boxes = joinArrays(valid.map(({ bboxes, truth }) => takeBoxes(bboxes, [truth])));
      const each = stopGradient(outputs.flat('deltas'), () => {
        const { predicted, target } = this.pairs(outputs, rows, boxes);
        return this.lossBbox.forward(predicted, target, { reduction: 'none' });
      }).dataSync<'float32'>();
      const weight = Number(loss_bbox.loss_weight ?? 1);
      let k = 0;
      for (const [i, { point }] of cells.entries()) if (point !== undefined) losses[i] = each[k++] / weight;
    }
    for (const [i, { certain }] of cells.entries()) if (certain) losses[i] = 0;
    const rows: number[] = [];
    const labels: number[] = [];
    const perTruth = 9 * strides.length;
    for (let start = 0; start < cells.length; start += perTruth) {
      const ofTruth = losses.subarray(start, start + perTruth);
      const threshold = Math.min(Float32Array.from(ofTruth).sort()[more_pos_topk - 1], Math.fround(more_pos_thresh));
      for (const [k, loss] of ofTruth.entries()) {
        const { image, point, truth } = cells[start + k];
        if (!(loss < threshold)) continue;
        rows.push(image * total + (point ?? 0));
        labels.push(instances[image].labels[truth]);
      }
    }
    return { rows, labels };
  }

  protected override losses(_outputs: DenseOutputs<CenterMaps>, _targets: BatchTargets): Losses {
    return {};
  }

  protected override candidates(outputs: DenseOutputs<CenterMaps>): CandidateTensors {
    const distances = outputs.flat('deltas');
    const strides = tf.tensor3d(this.strides(outputs.sizes), [1, distances.shape[1], 1]);
    return { scores: tf.sigmoid(outputs.flat('scores')), boxes: tf.mul(distances, strides) };
  }
}

export const centerNetUpdateHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'CenterNetUpdateHead',
  summary: 'Anchor-free head whose classes are heat maps of centers on all levels',
  paper: 'Zhou et al., Probabilistic two-stage detection, 2021',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example: "{ type: 'CenterNetUpdateHead', num_classes: 80, strides: [4, 8, 16, 32, 64] }",
  options,
  inferred: denseHeadInferred,
  infer: (given, context) => inferFCOSHead('CenterNetUpdateHead', given, context),
  build: (given, context) => new CenterNetUpdateHead(given as CenterNetUpdateHeadConfig, context),
});
