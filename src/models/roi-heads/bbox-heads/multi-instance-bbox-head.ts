// MultiInstanceBBoxHead: two objects of each RoI, compared with the two of the ground truth in the order that fits better (Chu et al.,
// Detection in Crowded Scenes, CVPR 2020). With `with_refine` scores and boxes are predicted once more from the first ones. Of the two
// scores of an object the second is that it is one.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import { applyInitCfg, ConvModule, type InitCfg, Linear, Module, ModuleList } from '../../../nn';
import { type Loss, zeroLoss } from '../../losses';
import { type BoxCoder, buildBBoxCoder } from '../../task-modules';
import type { BBoxOutputs, BoxHead } from '../types';
import { linearInputOf, predictor } from './bbox-head';
import {
  type BBoxHeadOptions,
  bboxHeadInferred,
  bboxHeadOptions,
  inferBBoxHead,
  type PredictorConfig,
} from './bbox-head-options';
import { layerWidths } from './convfc-bbox-head';

const none = (name: string) => z.literal(0).default(0).describe(`Only 0: no layers of one branch (${name})`);
const options = z.strictObject({
  ...bboxHeadOptions,
  num_classes: z.literal(1).default(1).describe('Always 1: object or background'),
  num_instance: z.literal(2).default(2).describe('Objects of each RoI; only 2'),
  with_refine: z.boolean().default(false).describe('Predict once more, from the first predictions'),
  with_cls: z.literal(true).default(true).describe('Only true'),
  with_reg: z.literal(true).default(true).describe('Only true'),
  reg_decoded_bbox: z.literal(false).default(false).describe('Only false: the loss compares coded boxes'),
  num_shared_convs: z.int().min(0).default(0).describe('3x3 convolutions'),
  num_shared_fcs: z.int().min(1).default(2).describe('Fully connected layers'),
  num_cls_convs: none('cls'),
  num_cls_fcs: none('cls'),
  num_reg_convs: none('reg'),
  num_reg_fcs: none('reg'),
  conv_out_channels: layerWidths.conv_out_channels,
  fc_out_channels: layerWidths.fc_out_channels,
  loss_cls: moduleOption('loss')
    .default({ type: 'CrossEntropyLoss', use_sigmoid: false, reduction: 'none' })
    .describe('Classification loss of each object'),
  loss_bbox: moduleOption('loss')
    .default({ type: 'SmoothL1Loss', reduction: 'none' })
    .describe('Box loss of each object'),
});
type Options = z.output<typeof options> & { in_channels: number; roi_feat_size: [number, number] };

/** Of n RoIs. */
export interface MultiInstanceTargets {
  /** Coded [n, 2, 4]. */
  boxes: Float32Array;
  /** 1 for an object, 0 for background; below, neither is known and background is learned, as in MMDetection. [n, 2] */
  labels: Int32Array;
}

const COUNT = 2;
/** Times that the first predictions are repeated among the features. */
const REPEATS = 4;

export class MultiInstanceBBoxHead extends Module implements BoxHead {
  readonly numClasses = 1;
  readonly several = COUNT;
  readonly decodedTargets = false;
  readonly coder: BoxCoder;
  private readonly losses: Record<'cls' | 'bbox', Loss>;
  private readonly fcCls: ModuleList<Linear>;
  private readonly fcReg: ModuleList<Linear>;
  private readonly convs: ModuleList<ConvModule>;
  private readonly fcs: ModuleList<Linear>;
  private readonly again?: { shared: Linear; cls: ModuleList<Linear>; reg: ModuleList<Linear> };

  constructor(
    private readonly config: Options,
    { registry, path }: BuildContext,
  ) {
    super();
    const at = (name: string) => ({ registry, path: `${path}.${name}` });
    this.coder = buildBBoxCoder(config.bbox_coder, at('bbox_coder'), {
      head: 'MultiInstanceBBoxHead',
      priors: 'boxes',
    });
    const loss = (name: 'loss_cls' | 'loss_bbox') => registry.build('loss', config[name], at(name));
    this.losses = { cls: loss('loss_cls'), bbox: loss('loss_bbox') };
    const { fc_out_channels: width, conv_out_channels: outChannels, in_channels } = config;
    const predictors = (name: string, of: PredictorConfig, outFeatures: number) =>
      this.addChild(
        name,
        new ModuleList(Array.from({ length: COUNT }, () => predictor(of, { features: width }, outFeatures, 0.01))),
      );
    const { cls_predictor_cfg: ofScores, reg_predictor_cfg: ofDeltas } = config;
    const { encodeSize } = this.coder;
    this.fcCls = predictors('fc_cls', ofScores, 2);
    this.fcReg = predictors('fc_reg', ofDeltas, encodeSize);
    const conv = (_: unknown, i: number) =>
      new ConvModule({ inChannels: i === 0 ? in_channels : outChannels, outChannels, kernelSize: 3, padding: 1 });
    this.convs = this.addChild('shared_convs', new ModuleList(Array.from({ length: config.num_shared_convs }, conv)));
    const pooled = linearInputOf(
      { ...config, num_classes: 1 } as never,
      config.num_shared_convs > 0 ? outChannels : in_channels,
    );
    const fc = (_: unknown, i: number) =>
      i === 0
        ? new Linear({ inFeatures: pooled.features, chw: pooled.chw, outFeatures: width })
        : new Linear({ inFeatures: width, outFeatures: width });
    this.fcs = this.addChild('shared_fcs', new ModuleList(Array.from({ length: config.num_shared_fcs }, fc)));
    if (config.with_refine)
      this.again = {
        shared: this.addChild(
          'shared_fcs_ref',
          new Linear({ inFeatures: width + REPEATS * (encodeSize + 1), outFeatures: width }),
        ),
        cls: predictors('fc_cls_ref', ofScores, 2),
        reg: predictors('fc_reg_ref', ofDeltas, encodeSize),
      };
    const start: InitCfg[] = [
      { type: 'Normal', std: 0.01, override: [{ name: 'fc_cls' }] },
      { type: 'Normal', std: 0.001, override: [{ name: 'fc_reg' }] },
      { type: 'Xavier', distribution: 'uniform', override: [{ name: 'shared_fcs' }] },
    ];
    applyInitCfg(this, config.init_cfg ?? start);
  }

  /** Pooled RoIs [K, h, w, C] -> scores [K, 2 x 2], deltas [K, 2 x 4], and the refined ones. */
  forward(pooled: tf.Tensor4D): BBoxOutputs {
    let map = pooled;
    for (const conv of this.convs) map = conv.forward(map);
    let row: tf.Tensor2D = this.config.with_avg_pool ? tf.mean(map, [1, 2]) : map.reshape([map.shape[0], -1]);
    for (const fc of this.fcs) row = fc.forward(row, { activation: 'relu' });
    const scores = [...this.fcCls].map((fc) => fc.forward(row));
    const deltas = [...this.fcReg].map((fc) => fc.forward(row));
    const outputs = { scores: tf.concat2d(scores, 1), deltas: tf.concat2d(deltas, 1) };
    const { again: refine } = this;
    if (!refine) return outputs;
    const second = scores.map((score, k) => {
      const object = tf.softmax(score.cast<tf.Tensor2D>('float32')).slice([0, 1], [-1, 1]);
      const seen = tf.tile(tf.concat2d([deltas[k], object.cast<tf.Tensor2D>(deltas[k].dtype)], 1), [1, REPEATS]);
      const features = refine.shared.forward(tf.concat2d([row, seen], 1), { activation: 'relu' });
      return { scores: refine.cls.at(k).forward(features), deltas: refine.reg.at(k).forward(features) };
    });
    const join = (name: 'scores' | 'deltas') =>
      tf.concat2d(
        second.map((one) => one[name]),
        1,
      );
    return { ...outputs, refined: { scores: join('scores'), deltas: join('deltas') } };
  }

  /** `loss_rcnn_emd`, and `loss_rcnn_emd_ref` of what is refined. */
  setLosses({ scores, deltas, refined }: BBoxOutputs, targets: MultiInstanceTargets): Record<string, tf.Scalar> {
    const first = { loss_rcnn_emd: this.setLoss(scores!, deltas!, targets) };
    return refined ? { ...first, loss_rcnn_emd_ref: this.setLoss(refined.scores, refined.deltas, targets) } : first;
  }

  /** The mean over the RoIs of the loss in the better of the two orders. */
  private setLoss(scores: tf.Tensor2D, deltas: tf.Tensor2D, { boxes, labels }: MultiInstanceTargets): tf.Scalar {
    if (labels.length === 0) return zeroLoss(deltas);
    const size = this.coder.encodeSize;
    const known = labels.map((label) => Math.max(label, 0));
    const [truth, target] = [tf.tensor1d(known, 'int32'), tf.tensor2d(boxes, [labels.length, size])];
    const isObject = tf.tensor1d(labels.map((label) => (label > 0 ? 1 : 0))).cast('bool');
    const inOrder = (x: tf.Tensor2D, swapped: boolean) => {
      const halves = tf.split(x.cast<tf.Tensor2D>('float32'), COUNT, 1);
      return tf.concat(swapped ? halves.reverse() : halves, 1).reshape([labels.length, -1]); // [2 n, ...]
    };
    const loss = (swapped: boolean) => {
      const ofClass = this.losses.cls.forward(inOrder(scores, swapped), truth, { reduction: 'none' });
      const ofBox = tf.sum(this.losses.bbox.forward(inOrder(deltas, swapped), target, { reduction: 'none' }), 1);
      const both = tf.add(ofClass, tf.where(isObject, ofBox, tf.zerosLike(ofBox)));
      return tf.sum(both.reshape([-1, COUNT]), 1);
    };
    const [straight, swapped] = [loss(false), loss(true)];
    return tf.mean(tf.where(tf.lessEqual(straight, swapped), straight, swapped));
  }

  loss(): never {
    return this.refuse();
  }

  perSampleLoss(): never {
    return this.refuse();
  }

  private refuse(): never {
    throw new DetLabError(
      'MultiInstanceBBoxHead compares several objects of each RoI: only MultiInstanceRoIHead can use it',
    );
  }

  refine(): never {
    return this.refuse();
  }
}

export const multiInstanceBBoxHeadDefinition = defineModule({
  kind: 'bbox_head',
  type: 'MultiInstanceBBoxHead',
  summary: 'Scores and boxes of two objects of each RoI',
  paper: 'Chu et al., Detection in Crowded Scenes: One Proposal, Multiple Predictions, CVPR 2020',
  shapes: 'pooled RoIs [K, h, w, C] -> scores [K, 2 * 2], deltas [K, 2 * 4]',
  example: "{ type: 'MultiInstanceBBoxHead', in_channels: 256 }",
  options,
  inferred: { in_channels: bboxHeadInferred.in_channels, roi_feat_size: bboxHeadInferred.roi_feat_size },
  infer: (given, context) =>
    inferBBoxHead('MultiInstanceBBoxHead', given as unknown as BBoxHeadOptions, {
      ...context,
      numClasses: undefined,
    }) as unknown as typeof given,
  build: (given, context) => new MultiInstanceBBoxHead(given as Options, context),
});
