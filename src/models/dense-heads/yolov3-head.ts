// YOLOV3Head: for each level a convolution and one prediction of center, size, objectness and classes per anchor
// (Redmon and Farhadi, YOLOv3, 2018). Losses are means over all predictions of a level.
// N images, T anchors over all levels, C classes, A anchors per cell.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import type { Detections, ImageMeta } from '../../data/types';
import { DetLabError } from '../../errors';
import { takeBoxes } from '../../geometry/boxes';
import { actCfg, Conv2d, ConvModule, convCfg, type Initializer, ModuleList, normal, normCfg, zeros } from '../../nn';
import { inferLevelChannels } from '../inferred-options/infer-level-channels';
import { inferNumClasses } from '../inferred-options/infer-num-classes';
import { joinArrays } from '../join-arrays';
import type { Loss } from '../losses';
import { type AssignerOffer, buildBBoxCoder, buildPriorGenerator, type Size } from '../task-modules';
import type { Losses } from '../types';
import type { BatchTargets } from './batch-targets';
import { cellPriors } from './cell-priors';
import { type Candidates, denseTestCfg, filterScoresAndTopk, nmsAndLimit, toFrame } from './decode-detections';
import { type CandidateTensors, DenseHead, type Selection } from './dense-head';
import type { DenseOutputs } from './dense-outputs';
import type { ComputedParts } from './detached-predictions';
import { flattenLevels } from './flatten-levels';
import {
  anchorCoderOption,
  anchorsOption,
  lossClsOption,
  numClassesOption,
  sigmoidEntropy,
  stridesText,
  testCfgText,
  trainCfgText,
} from './head-options';
import { levelSpans } from './image-rows';

const options = z.strictObject({
  num_classes: numClassesOption,
  in_channels: z
    .array(z.number().int().positive())
    .optional()
    .describe('Channels of each feature level, coarsest first'),
  out_channels: z
    .array(z.number().int().positive())
    .default([1024, 512, 256])
    .describe('Channels before the prediction of each level'),
  anchor_generator: anchorsOption({
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
  }),
  bbox_coder: anchorCoderOption({ type: 'YOLOBBoxCoder' }),
  featmap_strides: z.array(z.number().positive()).default([32, 16, 8]).describe(stridesText),
  one_hot_smoother: z.number().min(0).max(1).default(0).describe('Label smoothing of the class targets'),
  conv_cfg: convCfg.nullish().describe('Convolution type'),
  norm_cfg: normCfg
    .nullable()
    .default({ type: 'BN', requires_grad: true, eps: 1e-5, momentum: 0.1 })
    .describe('Normalisation of the convolutions'),
  act_cfg: actCfg.default({ type: 'LeakyReLU', negative_slope: 0.1 }).describe('Activation of the convolutions'),
  loss_cls: lossClsOption(sigmoidEntropy),
  loss_conf: moduleOption('loss').default(sigmoidEntropy).describe('Objectness loss'),
  loss_xy: moduleOption('loss').default(sigmoidEntropy).describe('Loss of the center'),
  loss_wh: moduleOption('loss').default({ type: 'MSELoss', loss_weight: 1 }).describe('Loss of the size'),
  train_cfg: z
    .strictObject({
      assigner: moduleOption('assigner').describe('Assigns ground-truth boxes to anchors'),
      sampler: moduleOption('sampler')
        .optional()
        .describe('Samples the anchors that enter the losses; all when absent'),
    })
    .nullish()
    .describe(trainCfgText),
  test_cfg: z
    .strictObject({
      ...denseTestCfg.shape,
      conf_thr: z.number().default(-1).describe('Objectness threshold'),
    })
    .nullish()
    .describe(testCfgText),
});
export type YOLOV3HeadConfig = z.output<typeof options> & { num_classes: number; in_channels: number[] };

const LOSSES = ['loss_cls', 'loss_conf', 'loss_xy', 'loss_wh'] as const;

/** One map per level, [N, H, W, A * (5 + C)]: center, size, objectness, classes. */
export class YOLOV3Head extends DenseHead<YOLOV3HeadConfig, 'predictions'> {
  protected readonly lossFns: Record<(typeof LOSSES)[number], Loss>;
  protected readonly bridge: ModuleList<ConvModule>;
  protected readonly pred: ModuleList<Conv2d>;

  constructor(config: YOLOV3HeadConfig, context: BuildContext) {
    const head = 'YOLOV3Head';
    const { registry, path, inputs } = context;
    const at = (name: string) => ({ registry, path: `${path}.${name}`, inputs });
    super(config, context, {
      priors: buildPriorGenerator(config.anchor_generator, at('anchor_generator'), { head, form: 'boxes' }),
      coder: buildBBoxCoder(config.bbox_coder, at('bbox_coder'), { head, priors: 'cells' }),
    });
    const loss = (name: (typeof LOSSES)[number]) => registry.build('loss', config[name], at(name));
    this.lossFns = {
      loss_cls: loss('loss_cls'),
      loss_conf: loss('loss_conf'),
      loss_xy: loss('loss_xy'),
      loss_wh: loss('loss_wh'),
    };
    const perCell = cellPriors(head, this.priors, path);
    const bridges = config.in_channels.map(
      (inChannels, i) =>
        new ConvModule({
          inChannels,
          outChannels: config.out_channels[i],
          kernelSize: 3,
          padding: 1,
          convCfg: config.conv_cfg,
          normCfg: config.norm_cfg,
          actCfg: config.act_cfg,
        }),
    );
    const preds = config.out_channels.map(
      (inChannels) => new Conv2d({ inChannels, outChannels: perCell * this.columns.predictions, kernelSize: 1 }),
    );
    this.bridge = this.addChild('convs_bridge', new ModuleList(bridges));
    this.pred = this.addChild('convs_pred', new ModuleList(preds));
    for (const conv of [...bridges.map((b) => b.conv), ...preds]) {
      conv.weight.initializer = normal(0.01);
      if (conv.bias) conv.bias.initializer = zeros;
    }
    for (const [i, conv] of preds.entries())
      conv.bias!.initializer = rareObjectBias(this.columns.predictions, 8 / (608 / config.featmap_strides[i]) ** 2);
  }

  protected override get columns(): { predictions: number } {
    return { predictions: 5 + this.numClasses };
  }

  protected override get assignerOffer(): AssignerOffer {
    return { ...super.assignerOffer, priors: 'cells', predictions: ['scores', 'boxes'] };
  }

  protected override forwardSingle(x: tf.Tensor4D, level: number): Record<'predictions', tf.Tensor4D> {
    return { predictions: this.pred.at(level).forward(this.bridge.at(level).forward(x)) };
  }

  /** Of each name a list, one for each level. */
  protected override losses({ maps, sizes }: DenseOutputs<'predictions'>, targets: BatchTargets): Losses {
    const total = this.priorCache.of(sizes).length / 4;
    const { table, used } = this.targetTable(targets);
    const images = targets.images.length;
    const parts = [2, 2, 1, this.numClasses];
    const levels = levelSpans(this.priorCache.counts(sizes)).map(([start, end], level) => {
      const cut = (values: Float32Array) => {
        const columns = values.length / (images * total);
        const rows = Array.from({ length: images }, (_, i) =>
          values.subarray((i * total + start) * columns, (i * total + end) * columns),
        );
        return tf.tensor3d(joinArrays(rows), [images, end - start, columns]);
      };
      const [xy, wh, conf, cls] = tf.split(
        flattenLevels([maps.predictions[level]], this.columns.predictions),
        parts,
        2,
      );
      const [txy, twh, tconf, tcls] = tf.split(cut(table), parts, 2);
      const { loss_cls, loss_conf, loss_xy, loss_wh } = this.lossFns;
      return {
        loss_cls: loss_cls.forward(cls, tcls, { weight: tconf }),
        loss_conf: loss_conf.forward(conf.squeeze([2]), tconf.squeeze([2]), { weight: cut(used).squeeze([2]) }),
        loss_xy: loss_xy.forward(xy, txy, { weight: tconf }),
        loss_wh: loss_wh.forward(wh, twh, { weight: tconf }),
      };
    });
    return Object.fromEntries(LOSSES.map((name) => [name, levels.map((losses) => losses[name] as tf.Scalar)]));
  }

  /** What every anchor should predict [N * T, 5 + C], and 1 for those whose objectness enters the loss [N * T]. */
  private targetTable(targets: BatchTargets): { table: Float32Array; used: Float32Array } {
    const { positives, boxes, labels, labelWeights } = targets;
    const columns = this.columns.predictions;
    const { one_hot_smoother: smooth } = this.config;
    const table = new Float32Array(labels.length * columns);
    for (const [k, row] of positives.entries()) {
      const at = row * columns;
      table.set(boxes.subarray(4 * k, 4 * k + 4), at);
      table[at + 4] = 1;
      for (let c = 0; c < this.numClasses; c++)
        table[at + 5 + c] = (c === labels[row] ? 1 - smooth : 0) + smooth / this.numClasses;
    }
    return { table, used: labelWeights };
  }

  protected override boxTargets(boxes: Float32Array, priors: Int32Array, sizes: Size[]): Float32Array {
    const strides = this.strides(sizes);
    return this.coder.encode(takeBoxes(this.priorCache.of(sizes), priors), boxes, {
      strides: Float32Array.from(priors, (prior) => strides[prior]),
    });
  }

  protected override strides(sizes: Size[]): Float32Array {
    return Float32Array.from(this.priorCache.levels(sizes), (level) => this.config.featmap_strides[level]);
  }

  protected override candidates(outputs: DenseOutputs<'predictions'>): CandidateTensors {
    const { sizes } = outputs;
    const [xy, wh, conf, cls] = tf.split(outputs.flat('predictions'), [2, 2, 1, this.numClasses], 2);
    const codes = tf.concat([tf.sigmoid(xy), wh], 2);
    return {
      scores: tf.sigmoid(cls),
      boxes: this.coder.decodeTensors(this.priorCache.of(sizes), codes, { strides: this.strides(sizes) }),
      factors: tf.sigmoid(conf),
    };
  }

  protected override predictions(outputs: DenseOutputs<'predictions'>): ComputedParts {
    return {
      scores: () => {
        const { scores, factors = scores } = this.candidates(outputs);
        return tf.mul(scores, factors);
      },
      boxes: () => this.candidates(outputs).boxes,
    };
  }

  protected override decode(boxes: Float32Array): Float32Array {
    return boxes;
  }

  protected override decodedBoxes(boxes: tf.Tensor): tf.Tensor {
    return boxes;
  }

  override get selection(): Selection {
    return { rule: 'objects', clips: false, cfg: this.testCfg };
  }

  /** Anchors are filtered by objectness first; all levels compete together. */
  protected override suppress(
    { scores, factors: objectness = scores, numClasses, decode }: Candidates,
    meta: ImageMeta,
    cfg: NonNullable<YOLOV3HeadConfig['test_cfg']>,
    rescale: boolean,
  ): Detections {
    const min = Math.fround(cfg.conf_thr);
    const kept = Int32Array.from(objectness.keys()).filter((k) => cfg.conf_thr <= 0 || objectness[k] >= min);
    const filtered = new Float32Array(kept.length * numClasses);
    for (const [k, row] of kept.entries())
      filtered.set(scores.subarray(row * numClasses, (row + 1) * numClasses), k * numClasses);
    const pairs = filterScoresAndTopk(
      { scores: filtered, columns: numClasses, numClasses, levels: [kept.length] },
      cfg.score_thr,
      cfg.nms_pre,
    );
    const rows = pairs.priors.map((k) => kept[k]);
    const boxes = toFrame(decode(rows), meta, rescale);
    return nmsAndLimit(
      { boxes, scores: pairs.scores.map((s, k) => s * objectness[rows[k]]), labels: pairs.labels },
      cfg,
    );
  }
}

/** Biases of one prediction: eight objects per 608 x 608 image, classes at 0.01. */
const rareObjectBias =
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
  summary: 'Anchor-based head: center, size, objectness and classes, coarsest level first',
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
  inferred: { in_channels: "the neck's channels", num_classes: 'the classes of the dataset' },
  infer: (given, context) => {
    const in_channels = inferLevelChannels('YOLOV3Head', given.in_channels, context);
    if (in_channels.length !== given.out_channels.length || in_channels.length !== given.featmap_strides.length)
      throw new DetLabError(
        `Cannot build YOLOV3Head at ${context.path}: expected as many out_channels and featmap_strides as levels ` +
          `(${in_channels.length}), received ${given.out_channels.length} and ${given.featmap_strides.length}`,
      );
    return { ...given, in_channels, num_classes: inferNumClasses('YOLOV3Head', given.num_classes, context) };
  },
  build: (given, context) => new YOLOV3Head(given as YOLOV3HeadConfig, context),
});
