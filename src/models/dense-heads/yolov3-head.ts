// YOLOV3Head: for each level a convolution and one prediction of centre, size, objectness and classes per anchor
// (Redmon and Farhadi, YOLOv3, 2018). Losses are means over all predictions of a level.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { DetLabError } from '../../errors';
import { scaleBoxes, takeBoxes } from '../../geometry/boxes';
import {
  type ActCfg,
  actCfg,
  Conv2d,
  ConvModule,
  convCfg,
  type Initializer,
  Module,
  ModuleList,
  type NormCfg,
  normal,
  normCfg,
  zeros,
} from '../../nn';
import { inferNumClasses } from '../inferred-options/infer-num-classes';
import type { Loss } from '../losses';
import {
  type Assigner,
  type AssignInput,
  type BoxCoder,
  buildAssigner,
  buildBBoxCoder,
  buildPriorGenerator,
  type PriorGenerator,
  toInstances,
} from '../task-modules';
import type { DetBatch, LossContext, Losses } from '../types';
import { cellPriors } from './cell-priors';
import { choosePairs, denseTestCfg, suppressed } from './dense-detections';
import { type DetectionHead, requireCfg } from './detection-head';
import { flattenLevels } from './flatten-levels';
import { PriorRow, sizesOf } from './prior-row';

const entropy = { type: 'CrossEntropyLoss', use_sigmoid: true, loss_weight: 1 };
const options = z.strictObject({
  num_classes: z.number().int().positive().optional().describe('Foreground classes'),
  in_channels: z.array(z.number().int().positive()).optional().describe('Channels of each level, coarsest first'),
  out_channels: z
    .array(z.number().int().positive())
    .default([1024, 512, 256])
    .describe('Channels before each prediction'),
  anchor_generator: moduleOption('anchor_generator')
    .default({
      type: 'YOLOAnchorGenerator',
      base_sizes: [
        [
          [116, 90],
          [156, 198],
          [373, 326],
        ],
        [
          [30, 61],
          [62, 45],
          [59, 119],
        ],
        [
          [10, 13],
          [16, 30],
          [33, 23],
        ],
      ],
      strides: [32, 16, 8],
    })
    .describe('The anchors'),
  bbox_coder: moduleOption('bbox_coder')
    .default({ type: 'YOLOBBoxCoder' })
    .describe('How a box is told from its anchor'),
  featmap_strides: z.array(z.number().positive()).default([32, 16, 8]).describe('Stride of each level'),
  one_hot_smoother: z.number().min(0).max(1).default(0).describe('Share of the class target spread over all classes'),
  conv_cfg: convCfg.nullish().describe('Kind of convolution'),
  norm_cfg: normCfg.nullable().default({ type: 'BN', requires_grad: true, eps: 1e-5, momentum: 0.1 }).describe('Norm'),
  act_cfg: actCfg.default({ type: 'LeakyReLU', negative_slope: 0.1 }).describe('Activation'),
  loss_cls: moduleOption('loss').default(entropy).describe('Classification loss'),
  loss_conf: moduleOption('loss').default(entropy).describe('Loss of the objectness'),
  loss_xy: moduleOption('loss').default(entropy).describe('Loss of the centre'),
  loss_wh: moduleOption('loss').default({ type: 'MSELoss', loss_weight: 1 }).describe('Loss of the size'),
  train_cfg: z
    .strictObject({
      assigner: moduleOption('assigner').describe('Which anchor learns which truth'),
      sampler: moduleOption('sampler').optional().describe('Accepted: all anchors that are not ignored take part'),
    })
    .nullish()
    .describe('How it learns; set by the detector'),
  test_cfg: z
    .strictObject({
      ...denseTestCfg.shape,
      conf_thr: z.number().default(-1).describe('Anchors of lower objectness are dropped'),
    })
    .nullish()
    .describe('How detections are chosen; set by the detector'),
});
export type YOLOV3HeadConfig = z.output<typeof options> & { num_classes: number; in_channels: number[] };

export class YOLOV3Head extends Module implements DetectionHead {
  readonly numClasses: number;
  private readonly priors: PriorGenerator;
  private readonly row: PriorRow;
  private readonly coder: BoxCoder;
  private readonly losses: Record<'cls' | 'conf' | 'xy' | 'wh', Loss>;
  private readonly assigner: Assigner | undefined;
  private readonly bridge: ModuleList<ConvModule>;
  private readonly pred: ModuleList<Conv2d>;

  constructor(
    private readonly config: YOLOV3HeadConfig,
    { registry, path, inputs }: BuildContext,
  ) {
    super();
    this.numClasses = config.num_classes;
    const head = 'YOLOV3Head';
    const at = (name: string) => ({ registry, path: `${path}.${name}`, inputs });
    this.priors = buildPriorGenerator(config.anchor_generator, at('anchor_generator'), { head, form: 'boxes' });
    this.row = new PriorRow(this.priors);
    this.coder = buildBBoxCoder(config.bbox_coder, at('bbox_coder'), { head, priors: 'cells' });
    const loss = (name: 'loss_cls' | 'loss_conf' | 'loss_xy' | 'loss_wh') =>
      registry.build<Loss>('loss', config[name], at(name));
    this.losses = { cls: loss('loss_cls'), conf: loss('loss_conf'), xy: loss('loss_xy'), wh: loss('loss_wh') };
    if (config.train_cfg)
      this.assigner = buildAssigner(config.train_cfg.assigner, at('train_cfg.assigner'), { head, priors: 'cells' });
    const perCell = cellPriors('YOLOV3Head', this.priors, path);
    const bridges = config.in_channels.map(
      (inChannels, i) =>
        new ConvModule({
          inChannels,
          outChannels: config.out_channels[i],
          kernelSize: 3,
          padding: 1,
          convCfg: config.conv_cfg,
          normCfg: config.norm_cfg as NormCfg | null,
          actCfg: config.act_cfg as ActCfg,
        }),
    );
    const preds = config.out_channels.map(
      (inChannels) => new Conv2d({ inChannels, outChannels: perCell * this.columns, kernelSize: 1 }),
    );
    this.bridge = this.addChild('convs_bridge', new ModuleList(bridges));
    this.pred = this.addChild('convs_pred', new ModuleList(preds));
    for (const conv of [...bridges.map((b) => b.conv), ...preds]) {
      conv.weight.initializer = normal(0.01);
      if (conv.bias) conv.bias.initializer = zeros;
    }
    for (const [i, conv] of preds.entries())
      conv.bias!.initializer = rareObjects(this.columns, 8 / (608 / config.featmap_strides[i]) ** 2);
  }

  /** Numbers per anchor: centre, size, objectness, classes. */
  private get columns(): number {
    return 5 + this.numClasses;
  }

  forward(features: tf.Tensor4D[]): { maps: tf.Tensor4D[] } {
    return { maps: features.map((x, i) => this.pred.at(i).forward(this.bridge.at(i).forward(x))) };
  }

  loss(features: tf.Tensor4D[], batch: DetBatch, { random, epoch }: LossContext): Losses {
    const assigner = requireCfg(this.assigner, 'YOLOV3Head', 'train_cfg');
    const { maps } = this.forward(features);
    const sizes = sizesOf(maps);
    const images = batch.samples.length;
    const counts = this.row.counts(sizes);
    const cells = { priors: this.row.of(sizes), levels: counts, strides: this.strideRow(counts) };
    const each = batch.samples.map(({ truths, meta: { imgShape } }) =>
      this.targets({ ...cells, instances: toInstances(truths), imgShape, random, epoch }, assigner),
    );
    let start = 0;
    const parts = maps.map((map, level) => {
      const [from, count] = [start, counts[level]];
      start += count;
      const cut = (values: Float32Array, columns: number) => {
        const out = new Float32Array(images * count * columns);
        for (const [i] of each.entries()) {
          const own = values.subarray(i * (values.length / images), (i + 1) * (values.length / images));
          out.set(own.subarray(from * columns, (from + count) * columns), i * count * columns);
        }
        return tf.tensor3d(out, [images, count, columns]);
      };
      const all = (name: 'map' | 'taken') => Float32Array.from(each.flatMap((t) => [...t[name]]));
      const [xy, wh, conf, cls] = tf.split(flattenLevels([map], this.columns), [2, 2, 1, this.numClasses], 2);
      const [txy, twh, tconf, tcls] = tf.split(cut(all('map'), this.columns), [2, 2, 1, this.numClasses], 2);
      const taken = cut(all('taken'), 1).squeeze([2]);
      return {
        cls: this.losses.cls.forward(cls, tcls, { weight: tconf }),
        conf: this.losses.conf.forward(conf.squeeze([2]), tconf.squeeze([2]), { weight: taken }),
        xy: this.losses.xy.forward(xy, txy, { weight: tconf }),
        wh: this.losses.wh.forward(wh, twh, { weight: tconf }),
      };
    });
    const list = (name: 'cls' | 'conf' | 'xy' | 'wh') => parts.map((part) => part[name] as tf.Scalar);
    return { loss_cls: list('cls'), loss_conf: list('conf'), loss_xy: list('xy'), loss_wh: list('wh') };
  }

  /** Of one image: what every anchor should predict, and 1 for those whose objectness counts. */
  private targets(
    input: AssignInput & { strides: Float32Array },
    assigner: Assigner,
  ): { map: Float32Array; taken: Float32Array } {
    const { numClasses: classes, columns } = this;
    const { one_hot_smoother: smooth } = this.config;
    const { priors, strides, instances } = input;
    const count = priors.length / 4;
    const { assigned } = assigner.assign(input);
    const map = new Float32Array(count * columns);
    const taken = new Float32Array(count);
    for (let i = 0; i < count; i++) {
      if (assigned[i] >= 0) taken[i] = 1;
      if (assigned[i] <= 0) continue;
      const truth = assigned[i] - 1;
      const at = i * columns;
      map.set(
        this.coder.encode(takeBoxes(priors, [i]), takeBoxes(instances.bboxes, [truth]), { strides: [strides[i]] }),
        at,
      );
      map[at + 4] = 1;
      for (let c = 0; c < classes; c++)
        map[at + 5 + c] = (c === instances.labels[truth] ? 1 - smooth : 0) + smooth / classes;
    }
    return { map, taken };
  }

  /** Stride of every anchor. */
  private strideRow(counts: number[]): Float32Array {
    return Float32Array.from(counts.flatMap((count, i) => Array<number>(count).fill(this.config.featmap_strides[i])));
  }

  predict(features: tf.Tensor4D[], batch: DetBatch, { rescale }: { rescale: boolean }): Detections[] {
    const cfg = requireCfg(this.config.test_cfg, 'YOLOV3Head', 'test_cfg');
    const { maps } = this.forward(features);
    const sizes = sizesOf(maps);
    const priors = this.row.of(sizes);
    const total = priors.length / 4;
    const strides = this.strideRow(this.row.counts(sizes));
    const classes = this.numClasses;
    const [xy, wh, conf, cls] = tf.split(flattenLevels(maps, this.columns), [2, 2, 1, classes], 2);
    const boxes = this.coder
      .decodeTensors(priors, tf.concat([tf.sigmoid(xy), wh], 2), { strides })
      .dataSync<'float32'>();
    const [objects, scores] = [tf.sigmoid(conf), tf.sigmoid(cls)].map((x) => x.dataSync<'float32'>());
    return batch.samples.map(({ meta }, i) => {
      const own = (values: Float32Array, columns: number) =>
        values.subarray(i * total * columns, (i + 1) * total * columns);
      const object = own(objects, 1);
      const least = Math.fround(cfg.conf_thr);
      const kept = Int32Array.from(object.keys()).filter((k) => cfg.conf_thr <= 0 || object[k] >= least);
      const chosen = new Float32Array(kept.length * classes);
      const all = own(scores, classes);
      for (const [k, row] of kept.entries()) chosen.set(all.subarray(row * classes, (row + 1) * classes), k * classes);
      const pairs = choosePairs(
        { scores: chosen, columns: classes, classes, levels: [kept.length] },
        cfg.score_thr,
        cfg.nms_pre,
      );
      const rows = pairs.priors.map((k) => kept[k]);
      const found = takeBoxes(own(boxes, 4), rows);
      const [x, y] = meta.scaleFactor;
      return suppressed(
        {
          boxes: rescale ? scaleBoxes(found, [1 / x, 1 / y]) : found,
          scores: pairs.scores.map((s, k) => s * object[rows[k]]),
          labels: pairs.labels,
        },
        cfg,
      );
    });
  }
}

/** Biases of one prediction: objects as rare as eight on a picture of 608 pixels, classes 0.01. */
const rareObjects =
  (columns: number, probability: number): Initializer =>
  ([size]) => {
    const logit = (p: number) => -Math.log((1 - p) / p);
    return Float32Array.from({ length: size }, (_, i) => {
      const column = i % columns;
      return column < 4 ? 0 : logit(column === 4 ? probability : 0.01);
    });
  };

export const yolov3HeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'YOLOV3Head',
  summary: 'Centre, size, objectness and classes for every anchor, coarsest level first',
  paper: 'Redmon and Farhadi, YOLOv3, 2018',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example: `{
  type: 'YOLOV3Head',
  num_classes: 80,
  out_channels: [512, 512, 256, 256, 256],
  featmap_strides: [4, 8, 16, 32, 64],
  anchor_generator: { type: 'YOLOAnchorGenerator', base_sizes: [[[10, 13]], [[16, 30]], [[30, 61]], [[62, 45]], [[116, 90]]], strides: [4, 8, 16, 32, 64] },
}`,
  options,
  inferred: { in_channels: "the neck's channels", num_classes: 'the classes of the data set' },
  infer: (given, context) => {
    const { inputs, path } = context;
    const found = inputs?.map((level) => level.channels);
    if (given.in_channels && found && given.in_channels.join() !== found.join())
      throw new DetLabError(
        `Cannot attach YOLOV3Head at ${path}: its in_channels is [${given.in_channels.join(', ')}], but the features it ` +
          `stands on have [${found.join(', ')}] channels. Leave in_channels out to take theirs`,
      );
    const in_channels = given.in_channels ?? found;
    if (!in_channels)
      throw new DetLabError(`Cannot build YOLOV3Head at ${path}: in_channels is neither given nor known from a neck`);
    if (in_channels.length !== given.out_channels.length || in_channels.length !== given.featmap_strides.length)
      throw new DetLabError(
        `Cannot build YOLOV3Head at ${path}: expected as many out_channels and featmap_strides as levels ` +
          `(${in_channels.length}), received ${given.out_channels.length} and ${given.featmap_strides.length}`,
      );
    return { ...given, in_channels, num_classes: inferNumClasses('YOLOV3Head', given.num_classes, context) };
  },
  build: (given, context) => new YOLOV3Head(given as YOLOV3HeadConfig, context),
});
