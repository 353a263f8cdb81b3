// TOODHead (Feng et al., ICCV 2021): one stack of convolutions serves both tasks, each task decomposes it for itself, and
// alignment maps adjust scores and boxes. In the first epochs an initial assigner and loss train it, then task alignment.
// N images, T priors over all levels, P positives, S layers of F channels.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import { Conv2d, type ModuleList, normal, type Scale, type Sequential, zeros } from '../../nn';
import { sigmoidGeometricMean } from '../../ops';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import { alignBoxes } from '../layers/align-boxes';
import { AlignmentPredictor } from '../layers/alignment-predictor';
import { TaskDecomposition } from '../layers/task-decomposition';
import { type Loss, type QualityLoss, requireQualityLoss, zeroLoss } from '../losses';
import { activatedLoss } from '../shared-options/activated-loss';
import { type Assigner, type AssignerOffer, type AssignInput, buildAssigner, type Size } from '../task-modules';
import { DistancePointBBoxCoder } from '../task-modules/coders/distance-point-bbox-coder';
import type { LossContext, Losses } from '../types';
import { alignmentTargets, sumOrOne } from './alignment-targets';
import { AnchorHead, type AnchorMaps } from './anchor-head';
import { anchorHeadOptions, anchorTrainCfg } from './anchor-head-options';
import type { BatchTargets } from './batch-targets';
import { cellPriors } from './cell-priors';
import { centerness } from './centerness';
import { convTower, type TowerLayer } from './conv-tower';
import type { AssignImage, CandidateTensors, Selection } from './dense-head';
import type { DenseOutputs } from './dense-outputs';
import { groupNormOption, noInitOption, testCfgOption, towerOptions, trainCfgText } from './head-options';
import { levelSpans } from './image-rows';
import { rareClassBias } from './rare-class-bias';
import { levelScales } from './tower-pair';

const focal = { type: 'FocalLoss', use_sigmoid: true, activated: true, gamma: 2, alpha: 0.25, loss_weight: 1 };
const quality = { type: 'QualityFocalLoss', use_sigmoid: true, activated: true, beta: 2, loss_weight: 1 };
const options = z.strictObject({
  ...anchorHeadOptions,
  stacked_convs: z.int().positive().default(4).describe('Number of 3x3 convolutions S of the stack'),
  conv_cfg: towerOptions.conv_cfg.describe('Convolution type of the stack'),
  norm_cfg: groupNormOption.describe('Normalisation of the stack and of the decomposed features'),
  pred_kernel_size: z.literal(3).default(3).describe('Only 3'),
  num_dcn: z.int().min(0).default(0).describe('Number of first convolutions of the stack that are deformable (DCNv2)'),
  anchor_type: z
    .enum(['anchor_free', 'anchor_based'])
    .default('anchor_free')
    .describe('Regress side distances from the center of each anchor, or codes of bbox_coder'),
  reg_decoded_bbox: z.literal(true).default(true).describe('The box loss compares decoded boxes; no other form exists'),
  loss_centerness: ignoredOption('TOOD has no centerness', { schema: moduleOption('loss').optional(), lost: true }),
  initial_loss_cls: activatedLoss(focal).describe('Classification loss of the first train_cfg.initial_epoch epochs'),
  loss_cls: activatedLoss(quality).describe('Classification loss after them; the alignment metrics are its targets'),
  train_cfg: anchorTrainCfg
    .extend({
      initial_epoch: z.int().min(0).describe('Number of epochs trained with initial_assigner and initial_loss_cls'),
      initial_assigner: moduleOption('assigner').describe('Assigns ground-truth boxes in the initial epochs'),
      alpha: z.number().default(1).describe('Exponent of the score in the alignment metric'),
      beta: z.number().default(6).describe('Exponent of the IoU in the alignment metric'),
    })
    .nullish()
    .describe(trainCfgText),
  init_cfg: noInitOption,
  test_cfg: testCfgOption,
});
export type TOODHeadConfig = z.output<typeof options> & { in_channels: number; num_classes: number };

/** Scores are probabilities; `deltas` are decoded boxes in units of the stride. */
export class TOODHead extends AnchorHead<TOODHeadConfig> {
  protected readonly stack: Sequential<TowerLayer>;
  protected readonly decomposition: Record<'cls' | 'reg', TaskDecomposition>;
  protected readonly cls: Conv2d;
  protected readonly reg: Conv2d;
  protected readonly alignment: Record<'probability' | 'offset', AlignmentPredictor>;
  protected readonly scales: ModuleList<Scale>;
  protected readonly qualityLoss: QualityLoss;
  protected readonly initialLoss: Loss;
  protected readonly initialAssigner?: Assigner;
  protected readonly pointCoder = new DistancePointBBoxCoder();

  constructor(config: TOODHeadConfig, context: BuildContext) {
    super(config, context);
    const { feat_channels: F, stacked_convs: S, norm_cfg: normCfg, initial_loss_cls, loss_cls, train_cfg } = config;
    const { registry, path } = context;
    const at = `${path}.train_cfg.initial_assigner`;
    cellPriors('TOODHead', this.priors, path, 1);
    this.qualityLoss = requireQualityLoss(this.lossCls, loss_cls, `${path}.loss_cls`);
    this.initialLoss = registry.build('loss', initial_loss_cls, { path: `${path}.initial_loss_cls` });
    const offer = { ...this.assignerOffer, reads: [] };
    if (train_cfg) this.initialAssigner = buildAssigner(train_cfg.initial_assigner, { registry, path: at }, offer);
    this.stack = this.addChild('inter_convs', convTower(config));
    for (const [name, p] of this.stack.named())
      if (/^\d+\.conv\.(weight|bias)$/.test(name)) p.initializer = name.endsWith('bias') ? zeros : normal(0.01);
    const decomposed = { featChannels: F, stackedConvs: S, downRate: 8 * S, normCfg };
    this.decomposition = {
      cls: this.addChild('cls_decomp', new TaskDecomposition(decomposed)),
      reg: this.addChild('reg_decomp', new TaskDecomposition(decomposed)),
    };
    const predictor = { inChannels: F, kernelSize: 3, padding: 1, init: normal(0.01) };
    const scores = { outChannels: this.scoreChannels, biasInit: rareClassBias };
    this.cls = this.addChild('tood_cls', new Conv2d({ ...predictor, ...scores }));
    this.reg = this.addChild('tood_reg', new Conv2d({ ...predictor, outChannels: 4, biasInit: zeros }));
    const maps = { inChannels: F * S, hiddenChannels: Math.floor(F / 4) };
    const probability = { ...maps, outChannels: 1, std: 0.01, biasInit: rareClassBias };
    this.alignment = {
      probability: this.addChild('cls_prob_module', new AlignmentPredictor(probability)),
      offset: this.addChild('reg_offset_module', new AlignmentPredictor({ ...maps, outChannels: 8, std: 0.001 })),
    };
    this.scales = this.addChild('scales', levelScales(this.priors.numLevels));
  }

  protected override get assignerOffer(): AssignerOffer {
    return { ...super.assignerOffer, predictions: ['scores', 'boxes'], reads: ['maxOverlaps', 'metrics'] };
  }

  protected override forwardSingle(x: tf.Tensor4D, level: number, sizes: Size[]): Record<AnchorMaps, tf.Tensor4D> {
    const layers: tf.Tensor4D[] = [];
    for (const conv of this.stack) layers.push(conv.forward(layers.at(-1) ?? x));
    const features = tf.concat(layers, 3); // [N, H, W, S F]
    const pooled = tf.mean<tf.Tensor4D>(features, [1, 2], true);
    // float32: in low precision the means of many cells would be equal
    const logits = this.cls.forward(this.decomposition.cls.forward(features, pooled)).cast<tf.Tensor4D>('float32');
    const raw = this.reg.forward(this.decomposition.reg.forward(features, pooled));
    return {
      scores: sigmoidGeometricMean(logits, this.alignment.probability.forward(features).cast('float32')),
      deltas: alignBoxes(this.decodeLevel(raw, level, sizes), this.alignment.offset.forward(features)),
    };
  }

  /** Raw regression [N, H, W, 4] -> boxes in units of the stride, float32. */
  protected decodeLevel(raw: tf.Tensor4D, level: number, sizes: Size[]): tf.Tensor4D {
    const free = this.config.anchor_type === 'anchor_free';
    const stride = this.priors.strides[level][0];
    const powers: tf.Tensor4D = free ? tf.exp(raw) : raw;
    const scaled = this.scales.at(level).forward(powers).cast<tf.Tensor4D>('float32');
    const codes = (free ? tf.mul(scaled, stride) : scaled).reshape<tf.Tensor3D>([raw.shape[0], -1, 4]);
    const [start, end] = levelSpans(this.priorCache.counts(sizes))[level];
    const priors = (free ? this.priorCache.points(sizes) : this.priorCache.of(sizes)).subarray(4 * start, 4 * end);
    const boxes = (free ? this.pointCoder : this.coder).decodeTensors(priors, codes); // [N, H W, 4], pixels
    return tf.div(boxes.reshape<tf.Tensor4D>(raw.shape), stride);
  }

  protected override probabilities(scores: tf.Tensor): tf.Tensor {
    return scores;
  }

  protected override boxes(outputs: DenseOutputs<AnchorMaps>): tf.Tensor3D {
    const strides = this.strides(outputs.sizes);
    return outputs.once('boxes', () => tf.mul(outputs.flat('deltas'), tf.tensor3d(strides, [1, strides.length, 1])));
  }

  protected override candidates(outputs: DenseOutputs<AnchorMaps>): CandidateTensors {
    return { scores: outputs.flat('scores'), boxes: this.boxes(outputs) };
  }

  /** Boxes are decoded already, and not clipped, as in the reference. */
  protected override decode(boxes: Float32Array): Float32Array {
    return boxes;
  }

  protected override decodedBoxes(boxes: tf.Tensor): tf.Tensor {
    return boxes;
  }

  override get selection(): Selection {
    return { rule: 'by level', clips: false, cfg: this.testCfg };
  }

  protected override assignerAt(context: LossContext): Assigner {
    const initial = context.epoch < (this.config.train_cfg?.initial_epoch ?? 0);
    return (initial && this.initialAssigner) || super.assignerAt(context);
  }

  protected override assignInput(assigner: Assigner, image: AssignImage): AssignInput {
    const { alpha = 1, beta = 6 } = this.config.train_cfg ?? {};
    return { ...super.assignInput(assigner, image), alignment: { alpha, beta } };
  }

  protected override losses(outputs: DenseOutputs<AnchorMaps>, targets: BatchTargets, context: LossContext): Losses {
    const { positives, boxes, labels, labelWeights } = targets;
    const initial = this.assignerAt(context) === this.initialAssigner;
    const { metrics, qualities } = alignmentTargets(targets, initial); // [P], [N T]
    const scores = outputs.flat('scores').reshape<tf.Tensor2D>([-1, this.scoreChannels]); // [N T, C]
    const classes = tf.tensor1d(labels, 'int32');
    const call = { weight: tf.tensor1d(labelWeights), avgFactor: sumOrOne(metrics) };
    const loss_cls = initial
      ? this.initialLoss.forward(scores, classes, call)
      : this.qualityLoss.forward(scores, [classes, tf.tensor1d(qualities)], call);
    const weight = initial ? centerness(this.priorsOf(positives, outputs.sizes), boxes) : metrics; // [P]
    const avgFactor = sumOrOne(weight);
    if (positives.length === 0) return { loss_cls: loss_cls as tf.Scalar, loss_bbox: zeroLoss(this) };
    const strides = this.strides(outputs.sizes);
    const target = boxes.map((v, i) => v / strides[positives[i >> 2] % strides.length]); // [P, 4]
    const all = outputs.flat('deltas').reshape<tf.Tensor2D>([-1, 4]); // [N T, 4]
    const predicted = tf.gather(all, tf.tensor1d(positives, 'int32'));
    const boxCall = { weight: tf.tensor1d(weight), avgFactor };
    const loss_bbox = this.lossBbox.forward(predicted, tf.tensor2d(target, [positives.length, 4]), boxCall);
    return { loss_cls: loss_cls as tf.Scalar, loss_bbox: loss_bbox as tf.Scalar };
  }
}

export const toodHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'TOODHead',
  summary: 'Task-aligned head: shared layers decomposed per task, scores and boxes aligned with each other',
  paper: 'Feng et al., TOOD: Task-aligned One-stage Object Detection, ICCV 2021',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example:
    "{ type: 'TOODHead', num_classes: 80, stacked_convs: 6, anchor_generator: { type: 'AnchorGenerator', ratios: [1], octave_base_scale: 8, scales_per_octave: 1 }, loss_bbox: { type: 'GIoULoss', loss_weight: 2 } }",
  options,
  inferred: denseHeadInferred,
  infer: (given, context) => inferDenseHead('TOODHead', given, context),
  build: (given, context) => new TOODHead(given as TOODHeadConfig, context),
});
