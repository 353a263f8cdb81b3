// What the heads of YOLOv3 and YOLOv4 have in common: for each level a convolution and one prediction of center, size,
// objectness and classes per anchor, and the selection of detections by objectness first (Redmon and Farhadi, YOLOv3, 2018).
// N images, T anchors over all levels, C classes, A anchors per cell.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, moduleOption } from '../../catalogue/registry';
import type { Detections, ImageMeta } from '../../data/types';
import { DetLabError } from '../../errors';
import { actCfg, Conv2d, ConvModule, convCfg, type Initializer, ModuleList, normal, normCfg, zeros } from '../../nn';
import { inferLevelChannels } from '../inferred-options/infer-level-channels';
import { inferNumClasses } from '../inferred-options/infer-num-classes';
import { type AssignerOffer, buildBBoxCoder, buildPriorGenerator, type Size } from '../task-modules';
import { cellPriors } from './cell-priors';
import { type Candidates, denseTestCfg, filterScoresAndTopk, nmsAndLimit, toFrame } from './decode-detections';
import { type CandidateTensors, DenseHead, type Selection } from './dense-head';
import type { DenseOutputs } from './dense-outputs';
import type { ComputedParts } from './detached-predictions';
import { anchorCoderOption, numClassesOption, stridesText, testCfgText, trainCfgText } from './head-options';

const channelList = z.array(z.number().int().positive());

/** @param order of the levels, for descriptions */
export const yoloAnchorOptions = (order: string, channels: number[], strides: number[]) => ({
  num_classes: numClassesOption,
  in_channels: channelList.optional().describe(`Channels of each feature level, ${order} first`),
  out_channels: channelList.default(channels).describe('Channels before the prediction of each level'),
  bbox_coder: anchorCoderOption({ type: 'YOLOBBoxCoder' }),
  featmap_strides: z.array(z.number().positive()).default(strides).describe(stridesText),
  conv_cfg: convCfg.nullish().describe('Convolution type'),
  norm_cfg: normCfg
    .nullable()
    .default({ type: 'BN', requires_grad: true, eps: 1e-5, momentum: 0.1 })
    .describe('Normalisation of the convolutions'),
  act_cfg: actCfg.default({ type: 'LeakyReLU', negative_slope: 0.1 }).describe('Activation of the convolutions'),
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
const shared = z.strictObject({
  ...yoloAnchorOptions('', [], []),
  anchor_generator: moduleOption('anchor_generator'),
});
export type YOLOAnchorHeadConfig = z.output<typeof shared> & { num_classes: number; in_channels: number[] };

/** One map per level, [N, H, W, A * (5 + C)]: center, size, objectness, classes. */
export abstract class YOLOAnchorHead<C extends YOLOAnchorHeadConfig> extends DenseHead<C, 'predictions'> {
  protected readonly bridge: ModuleList<ConvModule>;
  protected readonly pred: ModuleList<Conv2d>;

  constructor(config: C, context: BuildContext, head: string) {
    const { registry, path, inputs } = context;
    const at = (name: string) => ({ registry, path: `${path}.${name}`, inputs });
    super(config, context, {
      priors: buildPriorGenerator(config.anchor_generator, at('anchor_generator'), { head, form: 'boxes' }),
      coder: buildBBoxCoder(config.bbox_coder, at('bbox_coder'), { head, priors: 'cells' }),
    });
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

  protected override strides(sizes: Size[]): Float32Array {
    return Float32Array.from(this.priorCache.levels(sizes), (level) => this.config.featmap_strides[level]);
  }

  /** Centers in cells, 0 .. 1, of logits [N, T, 2]. */
  protected centers(xy: tf.Tensor, _sizes: Size[]): tf.Tensor {
    return tf.sigmoid(xy);
  }

  protected override candidates(outputs: DenseOutputs<'predictions'>): CandidateTensors {
    const { sizes } = outputs;
    const [xy, wh, conf, cls] = tf.split(outputs.flat('predictions'), [2, 2, 1, this.numClasses], 2);
    const codes = tf.concat([this.centers(xy, sizes), wh], 2);
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
    cfg: NonNullable<C['test_cfg']>,
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

/** Channels and classes where the config leaves them out. */
export function inferYOLOAnchors<
  O extends Pick<z.output<typeof shared>, 'num_classes' | 'in_channels' | 'out_channels' | 'featmap_strides'>,
>(head: string, given: O, context: BuildContext): O & { in_channels: number[]; num_classes: number } {
  const in_channels = inferLevelChannels(head, given.in_channels, context);
  if (in_channels.length !== given.out_channels.length || in_channels.length !== given.featmap_strides.length)
    throw new DetLabError(
      `Cannot build ${head} at ${context.path}: expected as many out_channels and featmap_strides as levels ` +
        `(${in_channels.length}), received ${given.out_channels.length} and ${given.featmap_strides.length}`,
    );
  return { ...given, in_channels, num_classes: inferNumClasses(head, given.num_classes, context) };
}
