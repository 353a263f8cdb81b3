// YOLOXHead: two towers per level, one for the classes and one for the box and its objectness; points are assigned by SimOTA
// (Ge et al., YOLOX, 2021).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import type { Detections, ImageMeta } from '../../data/types';
import type { Conv2d, ModuleList } from '../../nn';
import { bestClass } from '../../ops/best-class';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import { nmsOption } from '../shared-options/nms-option';
import { YOLOXBBoxCoder } from '../task-modules/coders/yolox-bbox-coder';
import { type Candidates, nmsAndLimit } from './decode-detections';
import type { CandidateTensors, Selection } from './dense-head';
import type { DenseOutputs } from './dense-outputs';
import {
  actOption,
  dcnTowerOptions,
  depthwiseOption,
  headOptions,
  initOptionOf,
  lossBboxOption,
  lossClsOption,
  pointTrainCfgOption,
  stridesText,
  testCfgText,
  towerOptions,
  yoloNormOption,
} from './head-options';
import { initializeDenseHead } from './initialize-dense-head';
import { LevelTowers } from './level-towers';
import { rareClassBias } from './rare-class-bias';
import { squaredIoU, sumOfEntropy, sumOfL1, YOLOXBaseHead, type YOLOXMaps } from './yolox-base-head';

const unused = ignoredOption('as in MMDetection, score_thr and nms alone choose', { schema: z.number().optional() });
const options = z.strictObject({
  ...headOptions,
  ...towerOptions,
  stacked_convs: z.number().int().positive().default(2).describe('Number of 3x3 convolutions in each tower'),
  strides: z.array(z.number().positive()).default([8, 16, 32]).describe(stridesText),
  use_depthwise: depthwiseOption,
  ...dcnTowerOptions,
  norm_cfg: yoloNormOption,
  act_cfg: actOption('Swish'),
  loss_cls: lossClsOption(sumOfEntropy),
  loss_bbox: lossBboxOption(squaredIoU),
  loss_obj: moduleOption('loss').default(sumOfEntropy).describe('Objectness loss'),
  loss_l1: moduleOption('loss')
    .default(sumOfL1)
    .describe('Loss of the coded box in the last epochs, switched on by YOLOXModeSwitchHook'),
  train_cfg: pointTrainCfgOption,
  test_cfg: z
    .strictObject({
      score_thr: z.number().default(0).describe('Score threshold'),
      nms: nmsOption.describe('Non-maximum suppression within each class'),
      nms_pre: unused,
      min_bbox_size: unused,
      max_per_img: unused,
    })
    .nullish()
    .describe(testCfgText),
  init_cfg: initOptionOf({
    type: 'Kaiming',
    layer: 'Conv2d',
    a: Math.sqrt(5),
    distribution: 'uniform',
    mode: 'fan_in',
    nonlinearity: 'leaky_relu',
  }),
});
export type YOLOXHeadConfig = z.output<typeof options> & { num_classes: number; in_channels: number };

export class YOLOXHead extends YOLOXBaseHead<YOLOXHeadConfig> {
  protected readonly towers: LevelTowers;
  protected readonly cls: ModuleList<Conv2d>;
  protected readonly reg: ModuleList<Conv2d>;
  protected readonly obj: ModuleList<Conv2d>;

  constructor(config: YOLOXHeadConfig, context: BuildContext) {
    const { registry, path, inputs } = context;
    const { strides } = config;
    const generator = { type: 'MlvlPointGenerator', strides, offset: 0 };
    const priors = registry.build('anchor_generator', generator, { path: `${path}.strides`, inputs });
    super(config, context, { priors, coder: new YOLOXBBoxCoder() }, ['loss_l1', config.loss_l1]);
    this.towers = new LevelTowers(config, { levels: strides.length });
    this.addChild('multi_level_cls_convs', this.towers.cls);
    this.addChild('multi_level_reg_convs', this.towers.reg);
    this.cls = this.addChild('multi_level_conv_cls', this.towers.predictors(this.numClasses, 1));
    this.reg = this.addChild('multi_level_conv_reg', this.towers.predictors(4, 1));
    this.obj = this.addChild('multi_level_conv_obj', this.towers.predictors(1, 1));
    initializeDenseHead(this, config.init_cfg);
    for (const conv of [...this.cls, ...this.obj]) conv.bias!.initializer = rareClassBias;
  }

  protected override forwardSingle(x: tf.Tensor4D, level: number): Record<YOLOXMaps, tf.Tensor4D> {
    const { cls, reg } = this.towers.forward(x, level);
    return {
      scores: this.cls.at(level).forward(cls),
      deltas: this.reg.at(level).forward(reg),
      objectness: this.obj.at(level).forward(reg),
    };
  }

  protected override candidates(outputs: DenseOutputs<YOLOXMaps>): CandidateTensors {
    return {
      scores: tf.sigmoid(outputs.flat('scores')),
      boxes: this.boxes(outputs),
      factors: tf.sigmoid(outputs.flat('objectness')),
    };
  }

  override get selection(): Selection {
    const { score_thr, nms } = this.testCfg;
    return { rule: 'best class', clips: false, cfg: { score_thr, nms } };
  }

  /** Every point has one class, its best. */
  protected override suppress(
    { scores, factors, columns, decode }: Candidates,
    meta: ImageMeta,
    { score_thr, nms }: NonNullable<YOLOXHeadConfig['test_cfg']>,
    rescale: boolean,
  ): Detections {
    const best = bestClass(scores, columns);
    const joint = best.scores.map((score, k) => score * factors![k]);
    const kept = Int32Array.from(joint.keys()).filter((k) => joint[k] >= Math.fround(score_thr));
    const [x, y] = rescale ? meta.scaleFactor.map(Math.fround) : [1, 1];
    const boxes = decode(kept).map((v, k) => v / (k & 1 ? y : x));
    const labels = kept.map((k) => best.labels[k]);
    return nmsAndLimit({ boxes, scores: Float32Array.from(kept, (k) => joint[k]), labels }, { nms });
  }
}

export const yoloxHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'YOLOXHead',
  summary: 'Anchor-free decoupled head: classes, box and objectness, with layers per feature level',
  paper: 'Ge et al., YOLOX, 2021',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example: "{ type: 'YOLOXHead', num_classes: 80, feat_channels: 128, strides: [4, 8, 16, 32, 64] }",
  options,
  inferred: denseHeadInferred,
  infer: (given, context) => inferDenseHead('YOLOXHead', given, context),
  build: (given, context) => new YOLOXHead(given as YOLOXHeadConfig, context),
});
