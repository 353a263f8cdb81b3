// YOLOXHead: for each level two towers, for the classes and for the box and its objectness; points are learnt by SimOTA
// (Ge et al., YOLOX, 2021).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { takeBoxes } from '../../geometry/boxes';
import {
  type ActCfg,
  actCfg,
  applyInitCfg,
  Conv2d,
  ConvModule,
  constant,
  convCfg,
  DepthwiseSeparableConvModule,
  initCfg,
  Module,
  ModuleList,
  type NormCfg,
  normCfg,
  Sequential,
} from '../../nn';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import type { Loss } from '../losses';
import { nmsOption } from '../shared-options/nms-option';
import { type Assigner, buildAssigner, toInstances } from '../task-modules';
import type { DetBatch, EpochStart, LossContext, Losses } from '../types';
import { suppressed } from './dense-detections';
import { detachedPredictions } from './detached-predictions';
import { type DetectionHead, requireCfg } from './detection-head';
import { eachLevel } from './each-level';
import { flattenLevels } from './flatten-levels';
import { PriorRow, sizesOf } from './prior-row';

const sumOfEntropy = { type: 'CrossEntropyLoss', use_sigmoid: true, reduction: 'sum', loss_weight: 1 };
const options = z.strictObject({
  num_classes: z.number().int().positive().optional().describe('Foreground classes'),
  in_channels: z.number().int().positive().optional().describe('Channels of every feature level'),
  feat_channels: z.number().int().positive().default(256).describe('Channels of the towers'),
  stacked_convs: z.number().int().positive().default(2).describe('Convolutions of each tower'),
  strides: z.array(z.number().positive()).default([8, 16, 32]).describe('Stride of each level'),
  use_depthwise: z.boolean().default(false).describe('Depthwise separable convolutions'),
  dcn_on_last_conv: z.boolean().default(false).describe('The last convolution of each tower is deformable (DCNv2)'),
  conv_bias: z
    .union([z.literal('auto'), z.boolean()])
    .default('auto')
    .describe('Bias of the towers; auto: only without a norm'),
  conv_cfg: convCfg.nullish().describe('Kind of convolution of the towers'),
  norm_cfg: normCfg.default({ type: 'BN', momentum: 0.03, eps: 0.001, requires_grad: true }).describe('Norm'),
  act_cfg: actCfg.default({ type: 'Swish' }).describe('Activation'),
  loss_cls: moduleOption('loss').default(sumOfEntropy).describe('Classification loss'),
  loss_bbox: moduleOption('loss')
    .default({ type: 'IoULoss', mode: 'square', eps: 1e-16, reduction: 'sum', loss_weight: 5 })
    .describe('Box loss'),
  loss_obj: moduleOption('loss').default(sumOfEntropy).describe('Loss of the objectness'),
  loss_l1: moduleOption('loss')
    .default({ type: 'L1Loss', reduction: 'sum', loss_weight: 1 })
    .describe('Loss of the coded box, once `useL1` is set (by YOLOXModeSwitchHook)'),
  train_cfg: z
    .strictObject({ assigner: moduleOption('assigner').describe('Which point learns which truth') })
    .nullish()
    .describe('How it learns; set by the detector'),
  test_cfg: z
    .strictObject({
      score_thr: z.number().default(0).describe('Detections of lower score are dropped'),
      nms: nmsOption.describe('Suppression among the boxes of one class'),
    })
    .nullish()
    .describe('How detections are chosen; set by the detector'),
  init_cfg: initCfg
    .nullable()
    .default({
      type: 'Kaiming',
      layer: 'Conv2d',
      a: Math.sqrt(5),
      distribution: 'uniform',
      mode: 'fan_in',
      nonlinearity: 'leaky_relu',
    })
    .describe('Where the weights start from'),
});
export type YOLOXHeadConfig = z.output<typeof options> & { num_classes: number; in_channels: number };

export interface YOLOXOutputs {
  scores: tf.Tensor4D[];
  boxes: tf.Tensor4D[];
  objectness: tf.Tensor4D[];
}
type Tower = Sequential<ConvModule | DepthwiseSeparableConvModule>;

export class YOLOXHead extends Module implements DetectionHead {
  readonly numClasses: number;
  /** Adds the L1 loss of the coded boxes: the last epochs of the paper's schedule. */
  useL1 = false;
  private readonly row: PriorRow;
  private readonly assigner: Assigner | undefined;
  private readonly losses: Record<'cls' | 'bbox' | 'obj' | 'l1', Loss>;
  private readonly clsConvs: ModuleList<Tower>;
  private readonly regConvs: ModuleList<Tower>;
  private readonly cls: ModuleList<Conv2d>;
  private readonly reg: ModuleList<Conv2d>;
  private readonly obj: ModuleList<Conv2d>;

  constructor(
    private readonly config: YOLOXHeadConfig,
    { registry, path, inputs }: BuildContext,
  ) {
    super();
    this.numClasses = config.num_classes;
    const at = (name: string) => ({ path: `${path}.${name}`, inputs });
    this.row = new PriorRow(
      registry.build(
        'anchor_generator',
        { type: 'MlvlPointGenerator', strides: config.strides, offset: 0 },
        at('strides'),
      ),
    );
    const loss = (name: 'loss_cls' | 'loss_bbox' | 'loss_obj' | 'loss_l1') =>
      registry.build<Loss>('loss', config[name], at(name));
    this.losses = { cls: loss('loss_cls'), bbox: loss('loss_bbox'), obj: loss('loss_obj'), l1: loss('loss_l1') };
    if (config.train_cfg)
      this.assigner = buildAssigner(
        config.train_cfg.assigner,
        { registry, path: `${path}.train_cfg.assigner` },
        { head: 'YOLOXHead', priors: 'points', predictions: ['scores', 'boxes'], reads: ['maxOverlaps'] },
      );
    const list = <T extends Module>(make: () => T) => new ModuleList(config.strides.map(make));
    const predict = (outChannels: number) =>
      list(() => new Conv2d({ inChannels: config.feat_channels, outChannels, kernelSize: 1 }));
    this.clsConvs = this.addChild(
      'multi_level_cls_convs',
      list(() => tower(config)),
    );
    this.regConvs = this.addChild(
      'multi_level_reg_convs',
      list(() => tower(config)),
    );
    this.cls = this.addChild('multi_level_conv_cls', predict(this.numClasses));
    this.reg = this.addChild('multi_level_conv_reg', predict(4));
    this.obj = this.addChild('multi_level_conv_obj', predict(1));
    applyInitCfg(this, config.init_cfg);
    for (const conv of [...this.cls, ...this.obj]) conv.bias!.initializer = constant(-Math.log(99));
  }

  /** In the closing epochs the L1 loss of the coded boxes is added. */
  onEpoch({ closing }: EpochStart): string[] {
    const added = closing && !this.useL1;
    this.useL1 = closing;
    return added ? ['loss_l1 added'] : [];
  }

  forward(features: tf.Tensor4D[]): YOLOXOutputs {
    const outputs = eachLevel(features, (x, i) => {
      const reg = this.regConvs.at(i).forward(x);
      return {
        scores: this.cls.at(i).forward(this.clsConvs.at(i).forward(x)),
        boxes: this.reg.at(i).forward(reg),
        objectness: this.obj.at(i).forward(reg),
      };
    });
    return {
      scores: outputs.map((o) => o.scores),
      boxes: outputs.map((o) => o.boxes),
      objectness: outputs.map((o) => o.objectness),
    };
  }

  private flat(outputs: YOLOXOutputs) {
    const sizes = sizesOf(outputs.scores);
    const priors = this.row.of(sizes);
    const coded = flattenLevels(outputs.boxes, 4);
    return {
      priors,
      levels: this.row.counts(sizes),
      scores: flattenLevels(outputs.scores, this.numClasses),
      objectness: flattenLevels(outputs.objectness, 1),
      coded,
      boxes: decode(priors, coded),
    };
  }

  loss(features: tf.Tensor4D[], batch: DetBatch, { random, epoch }: LossContext): Losses {
    const assigner = requireCfg(this.assigner, 'YOLOXHead', 'train_cfg');
    const { priors, levels, scores, objectness, coded, boxes } = this.flat(this.forward(features));
    const [images, total, classes] = scores.shape;
    // the reference assigns by the middles of the cells, although boxes are told from their corners
    const middles = priors.map((v, i) => ((i & 3) < 2 ? v + priors[i + 2] * 0.5 : v));
    const predictions = detachedPredictions(assigner.needs.predictions ?? [], scores.shape, {
      scores: () => tf.sqrt(tf.mul(tf.sigmoid(scores), tf.sigmoid(objectness))),
      boxes: () => boxes,
    });
    const positives: number[] = [];
    const truths: Float32Array[] = [];
    const labels: number[] = [];
    const quality: number[] = [];
    for (const [i, { truths: given, meta }] of batch.samples.entries()) {
      const instances = toInstances(given);
      const found = assigner.assign({
        priors: middles,
        levels,
        instances,
        predictions: predictions[i],
        imgShape: meta.imgShape,
        random,
        epoch,
      });
      for (let k = 0; k < total; k++) {
        if (found.assigned[k] <= 0) continue;
        positives.push(i * total + k);
        truths.push(takeBoxes(instances.bboxes, [found.assigned[k] - 1]));
        labels.push(found.labels[k]);
        quality.push(found.maxOverlaps[k]);
      }
    }
    const n = positives.length;
    const share = (x: tf.Tensor) => tf.div(x, Math.max(n, 1)) as tf.Scalar;
    const objects = new Float32Array(images * total);
    for (const k of positives) objects[k] = 1;
    const loss_obj = share(
      this.losses.obj.forward(objectness.reshape([-1, 1]), tf.tensor2d(objects, [images * total, 1])),
    );
    if (n === 0) {
      const zero = (x: tf.Tensor) => tf.mul(tf.sum(x), 0) as tf.Scalar;
      const none = { loss_cls: zero(scores), loss_bbox: zero(boxes), loss_obj };
      return this.useL1 ? { ...none, loss_l1: zero(coded) } : none;
    }
    const rows = tf.tensor1d(positives, 'int32');
    const wanted = tf.mul(
      tf.oneHot(tf.tensor1d(labels, 'int32'), classes).cast('float32'),
      tf.tensor2d(quality, [n, 1]),
    );
    const cls = this.losses.cls.forward(tf.gather(scores.reshape([-1, classes]), rows), wanted);
    const flatTruths = Float32Array.from(truths.flatMap((box) => [...box]));
    const bbox = this.losses.bbox.forward(tf.gather(boxes.reshape([-1, 4]), rows), tf.tensor2d(flatTruths, [n, 4]));
    const losses: Losses = { loss_cls: share(cls), loss_bbox: share(bbox), loss_obj };
    if (!this.useL1) return losses;
    const own = takeBoxes(
      priors,
      positives.map((k) => k % total),
    );
    const l1 = this.losses.l1.forward(
      tf.gather(coded.reshape([-1, 4]), rows),
      tf.tensor2d(encode(own, flatTruths), [n, 4]),
    );
    return { ...losses, loss_l1: share(l1) };
  }

  predict(features: tf.Tensor4D[], batch: DetBatch, { rescale }: { rescale: boolean }): Detections[] {
    const cfg = requireCfg(this.config.test_cfg, 'YOLOXHead', 'test_cfg');
    const { scores, objectness, boxes } = this.flat(this.forward(features));
    const [, total, classes] = scores.shape;
    const [probability, objects, decoded] = [tf.sigmoid(scores), tf.sigmoid(objectness), boxes].map((x) =>
      x.dataSync<'float32'>(),
    );
    return batch.samples.map(({ meta }, i) => {
      const found: { row: number; score: number; label: number }[] = [];
      for (let k = i * total; k < (i + 1) * total; k++) {
        let label = 0;
        for (let c = 1; c < classes; c++)
          if (probability[k * classes + c] > probability[k * classes + label]) label = c;
        const score = Math.fround(probability[k * classes + label] * objects[k]);
        if (score >= Math.fround(cfg.score_thr)) found.push({ row: k, score, label });
      }
      const rows = found.map(({ row }) => row);
      const [x, y] = rescale ? meta.scaleFactor.map(Math.fround) : [1, 1];
      return suppressed(
        {
          boxes: takeBoxes(decoded, rows).map((v, k) => v / (k & 1 ? y : x)),
          scores: Float32Array.from(found, ({ score }) => score),
          labels: Int32Array.from(found, ({ label }) => label),
        },
        { min_bbox_size: -1, nms: cfg.nms, max_per_img: -1 },
      );
    });
  }
}

function tower(config: YOLOXHeadConfig): Tower {
  return new Sequential(
    Array.from({ length: config.stacked_convs }, (_, i) => {
      const deformable = config.dcn_on_last_conv && i === config.stacked_convs - 1;
      const layer = {
        inChannels: i === 0 ? config.in_channels : config.feat_channels,
        outChannels: config.feat_channels,
        kernelSize: 3,
        padding: 1,
        convCfg: deformable ? ({ type: 'DCNv2' } as const) : config.conv_cfg,
        normCfg: config.norm_cfg as NormCfg,
        actCfg: config.act_cfg as ActCfg,
        bias: config.conv_bias,
      };
      return config.use_depthwise ? new DepthwiseSeparableConvModule(layer) : new ConvModule(layer);
    }),
  );
}

/** Centre in strides from the corner of the cell, logarithm of the size in strides -> corners, [N, T, 4]. */
function decode(priors: Float32Array, coded: tf.Tensor3D): tf.Tensor3D {
  const [points, strides] = tf.split(tf.tensor2d(priors, [priors.length / 4, 4]), 2, 1);
  const [shift, growth] = tf.split(coded, 2, 2);
  const centre = tf.add(tf.mul(shift, strides), points);
  const half = tf.mul(tf.mul(tf.exp(growth), strides), 0.5);
  return tf.concat([tf.sub(centre, half), tf.add(centre, half)], 2) as tf.Tensor3D;
}

/** What `decode` would have to be given to find `boxes`. */
function encode(priors: Float32Array, boxes: Float32Array): Float32Array {
  return boxes.map((_, i) => {
    const at = i - (i & 3);
    const axis = i & 1;
    const [low, high] = [boxes[at + axis], boxes[at + axis + 2]];
    const stride = priors[at + axis + 2];
    return i & 2 ? Math.log((high - low) / stride + 1e-8) : ((low + high) / 2 - priors[at + axis]) / stride;
  });
}

export const yoloxHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'YOLOXHead',
  summary: 'Classes, box and objectness for every cell, with layers of its own for each level',
  paper: 'Ge et al., YOLOX, 2021',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example: "{ type: 'YOLOXHead', num_classes: 80, feat_channels: 128, strides: [4, 8, 16, 32, 64] }",
  options,
  inferred: denseHeadInferred,
  infer: (given, context) => inferDenseHead('YOLOXHead', given, context),
  build: (given, context) => new YOLOXHead(given as YOLOXHeadConfig, context),
});
