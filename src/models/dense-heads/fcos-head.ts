// FCOSHead: every point of the maps predicts classes, the distances of the four sides, and how central it lies
// (Tian et al., ICCV 2019), with the paper's later tricks as options.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { DetLabError } from '../../errors';
import { takeBoxes } from '../../geometry/boxes';
import {
  applyInitCfg,
  Conv2d,
  ConvModule,
  convCfg,
  initCfg,
  Module,
  ModuleList,
  type NormCfg,
  normCfg,
  Scale,
} from '../../nn';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import type { ClassificationLoss, Loss } from '../losses';
import { type BoxCoder, buildBBoxCoder, type PriorGenerator, toInstances } from '../task-modules';
import type { DetBatch, Losses } from '../types';
import { centernessOf } from './centerness';
import { denseDetections, denseTestCfg } from './dense-detections';
import { type DetectionHead, requireCfg } from './detection-head';
import { eachLevel } from './each-level';
import { fcosTargets } from './fcos-targets';
import { flattenLevels } from './flatten-levels';
import { PriorRow, sizesOf } from './prior-row';

const options = z.strictObject({
  num_classes: z.number().int().positive().optional().describe('Foreground classes'),
  in_channels: z.number().int().positive().optional().describe('Channels of every feature level'),
  feat_channels: z.number().int().positive().default(256).describe('Channels of the towers'),
  stacked_convs: z.number().int().min(0).default(4).describe('3x3 convolutions of each tower'),
  strides: z
    .array(z.union([z.number().positive(), z.tuple([z.number().positive(), z.number().positive()])]))
    .default([4, 8, 16, 32, 64])
    .describe('Stride of each level'),
  regress_ranges: z
    .array(z.tuple([z.number(), z.number()]))
    .default([
      [-1, 64],
      [64, 128],
      [128, 256],
      [256, 512],
      [512, 1e8],
    ])
    .describe('Of each level: least and largest distance of the farthest side of its boxes'),
  center_sampling: z.boolean().default(false).describe('Only points near the middle of a truth learn it'),
  center_sample_radius: z.number().default(1.5).describe('How near, in strides'),
  norm_on_bbox: z.boolean().default(false).describe('Distances are predicted in strides, cut at 0, in place of exp'),
  centerness_on_reg: z.boolean().default(false).describe('The centerness is told from the tower of the boxes'),
  dcn_on_last_conv: z.boolean().default(false).describe('The last convolution of each tower is deformable (DCNv2)'),
  conv_bias: z
    .union([z.literal('auto'), z.boolean()])
    .default('auto')
    .describe('Bias of the towers; auto: only without a norm'),
  bbox_coder: moduleOption('bbox_coder')
    .default({ type: 'DistancePointBBoxCoder' })
    .describe('How a box is told from its point'),
  loss_cls: moduleOption('loss')
    .default({ type: 'FocalLoss', use_sigmoid: true, gamma: 2, alpha: 0.25, loss_weight: 1 })
    .describe('Classification loss'),
  loss_bbox: moduleOption('loss').default({ type: 'IoULoss', loss_weight: 1 }).describe('Box loss'),
  loss_centerness: moduleOption('loss')
    .default({ type: 'CrossEntropyLoss', use_sigmoid: true, loss_weight: 1 })
    .describe('Loss of the centerness'),
  conv_cfg: convCfg.nullish().describe('Kind of convolution of the towers'),
  norm_cfg: normCfg
    .nullable()
    .default({ type: 'GN', num_groups: 32, requires_grad: true, eps: 1e-5 })
    .describe('Norm of the towers'),
  cls_predictor_cfg: z
    .null({ error: 'cls_predictor_cfg (NormedConv2d of V3Det) is not offered: leave it out or null' })
    .optional()
    .describe('Another convolution for the classes: not offered, must be null'),
  train_cfg: z.record(z.string(), z.unknown()).nullish().describe('Accepted: nothing about training is to be chosen'),
  test_cfg: denseTestCfg.nullish().describe('How detections are chosen; set by the detector'),
  init_cfg: initCfg
    .nullable()
    .default({
      type: 'Normal',
      layer: 'Conv2d',
      std: 0.01,
      override: { type: 'Normal', name: 'conv_cls', std: 0.01, bias_prob: 0.01 },
    })
    .describe('Where the weights start from'),
});
export type FCOSHeadConfig = z.output<typeof options> & { num_classes: number; in_channels: number };

export interface FCOSOutputs {
  scores: tf.Tensor4D[];
  distances: tf.Tensor4D[];
  centerness: tf.Tensor4D[];
}

export class FCOSHead extends Module implements DetectionHead {
  readonly numClasses: number;
  private readonly priors: PriorGenerator;
  private readonly row: PriorRow;
  private readonly coder: BoxCoder;
  private readonly lossCls: ClassificationLoss;
  private readonly lossBbox: Loss;
  private readonly lossCenterness: Loss;
  private readonly clsConvs: ModuleList<ConvModule>;
  private readonly regConvs: ModuleList<ConvModule>;
  private readonly cls: Conv2d;
  private readonly reg: Conv2d;
  private readonly center: Conv2d;
  private readonly scales: ModuleList<Scale>;

  constructor(
    private readonly config: FCOSHeadConfig,
    { registry, path, inputs }: BuildContext,
  ) {
    super();
    const { in_channels, feat_channels, stacked_convs, strides } = config;
    this.numClasses = config.num_classes;
    const at = (name: string) => ({ path: `${path}.${name}`, inputs });
    this.priors = registry.build('anchor_generator', { type: 'MlvlPointGenerator', strides }, at('strides'));
    this.row = new PriorRow(this.priors);
    this.coder = buildBBoxCoder(
      config.bbox_coder,
      { registry, path: `${path}.bbox_coder` },
      { head: 'FCOSHead', priors: 'points' },
    );
    this.lossCls = registry.build<ClassificationLoss>('loss', config.loss_cls, at('loss_cls'));
    this.lossBbox = registry.build('loss', config.loss_bbox, at('loss_bbox'));
    this.lossCenterness = registry.build('loss', config.loss_centerness, at('loss_centerness'));
    const tower = () =>
      new ModuleList(
        Array.from({ length: stacked_convs }, (_, i) => {
          const deformable = config.dcn_on_last_conv && i === stacked_convs - 1;
          return new ConvModule({
            inChannels: i === 0 ? in_channels : feat_channels,
            outChannels: feat_channels,
            kernelSize: 3,
            padding: 1,
            convCfg: deformable ? { type: 'DCNv2' } : config.conv_cfg,
            normCfg: config.norm_cfg as NormCfg | null,
            bias: config.conv_bias,
          });
        }),
      );
    this.clsConvs = this.addChild('cls_convs', tower());
    this.regConvs = this.addChild('reg_convs', tower());
    const predict = (outChannels: number) =>
      new Conv2d({ inChannels: feat_channels, outChannels, kernelSize: 3, padding: 1 });
    this.cls = this.addChild('conv_cls', predict(this.scoreChannels));
    this.reg = this.addChild('conv_reg', predict(4));
    this.center = this.addChild('conv_centerness', predict(1));
    this.scales = this.addChild('scales', new ModuleList(strides.map(() => new Scale())));
    applyInitCfg(this, config.init_cfg);
  }

  private get scoreChannels(): number {
    return this.lossCls.useSigmoid ? this.numClasses : this.numClasses + 1;
  }

  /** Distances are in pixels; with norm_on_bbox, while training, in strides. */
  forward(features: tf.Tensor4D[]): FCOSOutputs {
    const { centerness_on_reg, norm_on_bbox } = this.config;
    const outputs = eachLevel(features, (x, i) => {
      let [cls, reg] = [x, x];
      for (const conv of this.clsConvs) cls = conv.forward(cls);
      for (const conv of this.regConvs) reg = conv.forward(reg);
      const raw = this.scales.at(i).forward(this.reg.forward(reg)).cast<tf.Tensor4D>('float32');
      const cut = norm_on_bbox ? (tf.clipByValue(raw, 0, Number.POSITIVE_INFINITY) as tf.Tensor4D) : tf.exp(raw);
      return {
        scores: this.cls.forward(cls),
        distances: norm_on_bbox && !this.training ? tf.mul<tf.Tensor4D>(cut, this.priors.strides[i][0]) : cut,
        centerness: this.center.forward(centerness_on_reg ? reg : cls),
      };
    });
    return {
      scores: outputs.map((o) => o.scores),
      distances: outputs.map((o) => o.distances),
      centerness: outputs.map((o) => o.centerness),
    };
  }

  loss(features: tf.Tensor4D[], batch: DetBatch): Losses {
    const { regress_ranges: ranges, center_sampling, center_sample_radius, norm_on_bbox } = this.config;
    const outputs = this.forward(features);
    const sizes = sizesOf(outputs.scores);
    const priors = this.row.of(sizes);
    const levels = this.row.counts(sizes);
    const total = priors.length / 4;
    const radius = center_sampling ? center_sample_radius : undefined;
    const each = batch.samples.map(({ truths }) =>
      fcosTargets(priors, levels, toInstances(truths), this.numClasses, { ranges, radius }),
    );
    const labels = new Int32Array(each.length * total);
    for (const [i, t] of each.entries()) labels.set(t.labels, i * total);
    const positives = Int32Array.from(labels.keys()).filter((i) => labels[i] < this.numClasses);
    const n = positives.length;
    const avgFactor = Math.max(n, 1);
    const scores = flattenLevels(outputs.scores, this.scoreChannels).reshape([-1, this.scoreChannels]);
    const loss_cls = this.lossCls.forward(scores, tf.tensor1d(labels, 'int32'), { avgFactor }) as tf.Scalar;
    const distances = flattenLevels(outputs.distances, 4).reshape([-1, 4]);
    const central = flattenLevels(outputs.centerness, 1).reshape([-1]);
    if (n === 0) {
      const zero = (x: tf.Tensor) => tf.mul(tf.sum(x), 0) as tf.Scalar;
      return { loss_cls, loss_bbox: zero(distances), loss_centerness: zero(central) };
    }
    const wanted = new Float32Array(4 * n);
    const own = takeBoxes(
      priors,
      positives.map((k) => k % total),
    );
    for (const [k, row] of positives.entries()) {
      const at = 4 * (row % total);
      const scale = norm_on_bbox ? own[4 * k + 2] : 1;
      for (let j = 0; j < 4; j++) wanted[4 * k + j] = each[Math.floor(row / total)].distances[at + j] / scale;
    }
    const centerness = centernessOf(wanted);
    const sum = Math.max(
      centerness.reduce((a, b) => a + b, 0),
      1e-6,
    );
    const rows = tf.tensor1d(positives, 'int32');
    const weight = tf.tensor1d(centerness);
    const bbox = this.lossBbox.forward(
      this.coder.decodeTensors(own, tf.gather(distances, rows)),
      tf.tensor2d(this.coder.decode(own, wanted), [n, 4]),
      { weight, avgFactor: sum },
    );
    const loss_centerness = this.lossCenterness.forward(tf.gather(central, rows), weight, { avgFactor });
    return { loss_cls, loss_bbox: bbox as tf.Scalar, loss_centerness: loss_centerness as tf.Scalar };
  }

  predict(features: tf.Tensor4D[], batch: DetBatch, { rescale }: { rescale: boolean }): Detections[] {
    const cfg = requireCfg(this.config.test_cfg, 'FCOSHead', 'test_cfg');
    const outputs = this.forward(features);
    const sizes = sizesOf(outputs.scores);
    const priors = this.row.of(sizes);
    const total = priors.length / 4;
    const logits = flattenLevels(outputs.scores, this.scoreChannels);
    const scores = (this.lossCls.useSigmoid ? tf.sigmoid(logits) : tf.softmax(logits)).dataSync<'float32'>();
    const distances = flattenLevels(outputs.distances, 4).dataSync<'float32'>();
    const gains = tf.sigmoid(flattenLevels(outputs.centerness, 1)).dataSync<'float32'>();
    return batch.samples.map(({ meta }, i) => {
      const own = (values: Float32Array, columns: number) =>
        values.subarray(i * total * columns, (i + 1) * total * columns);
      const sides = own(distances, 4);
      const candidates = {
        scores: own(scores, this.scoreChannels),
        columns: this.scoreChannels,
        classes: this.numClasses,
        levels: this.row.counts(sizes),
        factors: own(gains, 1),
        decode: (chosen: Int32Array) =>
          this.coder.decode(takeBoxes(priors, chosen), takeBoxes(sides, chosen), { maxShape: meta.imgShape }),
      };
      return denseDetections(candidates, meta, cfg, rescale);
    });
  }
}

export const fcosHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'FCOSHead',
  summary: 'Classes, distances of the four sides and centerness for every point, without anchors',
  paper: 'Tian et al., FCOS, ICCV 2019',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example: "{ type: 'FCOSHead', num_classes: 80, strides: [4, 8, 16, 32, 64] }",
  options,
  inferred: denseHeadInferred,
  infer: (given, context) => {
    if (given.regress_ranges.length !== given.strides.length)
      throw new DetLabError(
        `Cannot build FCOSHead at ${context.path}: expected as many regress_ranges as strides (${given.strides.length}), ` +
          `received ${given.regress_ranges.length}`,
      );
    return inferDenseHead('FCOSHead', given, context);
  },
  build: (given, context) => new FCOSHead(given as FCOSHeadConfig, context),
});
