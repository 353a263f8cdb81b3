// RTMDetInsSepBNHead: RTMDet whose priors also predict the weights of a small network, which masks the instance on a map of the
// image (Lyu et al., RTMDet, 2022; the networks are CondInst's). Where images of a batch are padded, the reference's mask loss takes the
// weights of other priors than the positives: their numbers among those inside the image for numbers among all.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { bilinearAxis } from '../../masks';
import { constant, normCfg } from '../../nn';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import { type Loss, zeroLoss } from '../losses';
import { imageFrame } from '../mask-heads/mask-frames';
import type { DetBatch, LossContext, Losses } from '../types';
import type { AnchorMaps } from './anchor-head';
import { denseTestCfg, selectDetections } from './decode-detections';
import type { DenseOutputs, LevelMaps } from './dense-outputs';
import {
  type InstanceMaps,
  instanceCandidateParts,
  instanceLoss,
  instanceMaskParts,
  masksOfPriors,
  paddedFrame,
} from './dynamic-instance-masks';
import { actOption, predKernelOption, testCfgText } from './head-options';
import { initializeDenseHead } from './initialize-dense-head';
import { rareClassBias } from './rare-class-bias';
import { RTMDetBaseHead, type RTMDetConfig, rtmdetOptions, withObjectness } from './rtmdet-base-head';
import { insLayerOptions, RTMDetInsLayers } from './rtmdet-ins-layers';
import type { DecodedCandidates, Selection } from './selection';

export const maskThrBinary = z.number().default(0.5).describe('Probability above which a pixel is in the mask');
export const insLossOption = moduleOption('loss')
  .default({ type: 'DiceLoss', loss_weight: 2, eps: 5e-6, reduction: 'mean' })
  .describe('Mask loss, of each positive');
const testCfg = denseTestCfg.extend({ mask_thr_binary: maskThrBinary });
const options = z.strictObject({
  ...rtmdetOptions,
  ...insLayerOptions,
  with_objectness: z.boolean().default(false).describe('Combine class scores with a predicted objectness'),
  share_conv: z.boolean().default(true).describe('Share the convolutions of the towers of classes among all levels'),
  norm_cfg: normCfg
    .nullable()
    .default({ type: 'BN', eps: 1e-5, momentum: 0.1, requires_grad: true })
    .describe('Normalisation of the towers'),
  act_cfg: actOption('SiLU'),
  pred_kernel_size: predKernelOption(1),
  mask_loss_stride: z.int().positive().default(4).describe('Stride at which masks are compared'),
  loss_mask: insLossOption,
  test_cfg: testCfg.nullish().describe(testCfgText),
});
export type RTMDetInsSepBNConfig = RTMDetConfig & z.output<typeof options>;
type TestCfg = z.output<typeof testCfg>;
type Maps = 'kernels' | 'maskFeatures';

/** `maskFeatures` is one map [N, h, w, C] beside the levels. */
export class RTMDetInsSepBNHead extends RTMDetBaseHead<RTMDetInsSepBNConfig, Maps> {
  private readonly layers: RTMDetInsLayers;
  private readonly lossMask: Loss;

  constructor(config: RTMDetInsSepBNConfig, context: BuildContext) {
    super(config, context);
    const { registry, path } = context;
    this.lossMask = registry.build('loss', config.loss_mask, { path: `${path}.loss_mask` });
    const size = { levels: this.priors.numLevels, classes: this.numClasses };
    this.layers = new RTMDetInsLayers(config, size, (name, child) => this.addChild(name, child));
    initializeDenseHead(this, config.init_cfg);
    for (const conv of [...this.layers.cls, ...this.layers.obj]) conv.bias!.initializer = rareClassBias;
    for (const conv of this.layers.reg) conv.bias!.initializer = constant(1);
  }

  protected override get columns(): Record<string, number> {
    return { ...super.columns, kernels: this.layers.parameters, maskFeatures: this.layers.network.inChannels };
  }

  override forward(features: tf.Tensor4D[]): LevelMaps<AnchorMaps | Maps> {
    return { ...super.forward(features), maskFeatures: [this.layers.maskFeatures(features)] };
  }

  protected override forwardSingle(x: tf.Tensor4D, level: number): Record<AnchorMaps | Maps, tf.Tensor4D> {
    const { scores, objects, distances, kernels } = this.layers.forward(x, level);
    return {
      scores: objects ? withObjectness(scores, objects) : scores,
      deltas: tf.mul<tf.Tensor4D>(tf.relu(distances), this.priors.strides[level][0]),
      kernels,
    } as Record<AnchorMaps | Maps, tf.Tensor4D>;
  }

  private instanceMaps(outputs: DenseOutputs<AnchorMaps | Maps>): InstanceMaps {
    const [features] = outputs.maps.maskFeatures;
    const { network } = this.layers;
    return { features, kernels: outputs.flat('kernels'), network, points: this.priorCache.of(outputs.sizes) };
  }

  protected override trainingLosses(
    outputs: DenseOutputs<AnchorMaps | Maps>,
    batch: DetBatch,
    context: LossContext,
  ): Losses {
    const targets = this.targets(outputs, batch, context);
    const { mask_loss_stride: lossStride } = this.config;
    const comparison = { loss: this.lossMask, batch, stride: this.priors.strides[0][0], lossStride };
    const loss_mask = instanceLoss(this.instanceMaps(outputs), targets.images, comparison) ?? zeroLoss(this);
    return { ...this.losses(outputs, targets), loss_mask };
  }

  override get selection(): Selection {
    const { mask_thr_binary } = this.testCfg as TestCfg;
    return { ...super.selection, masks: instanceMaskParts(this.layers.network, this.priors, mask_thr_binary) };
  }

  override decodedCandidates(features: tf.Tensor4D[], outputs = this.outputs(features)): DecodedCandidates {
    const parts = instanceCandidateParts(this.instanceMaps(outputs));
    return { ...super.decodedCandidates(features, outputs), parts };
  }

  protected override detect(
    outputs: DenseOutputs<AnchorMaps | Maps>,
    batch: DetBatch,
    cfg: TestCfg,
    rescale: boolean,
  ): Detections[] {
    const found = this.selectEach(outputs, batch, (candidates, meta) =>
      selectDetections(candidates, meta, cfg, rescale),
    );
    const maps = this.instanceMaps(outputs);
    const [, h, w] = maps.features.shape;
    const [stride] = this.priors.strides[0];
    const input = { rows: bilinearAxis(h, h * stride), columns: bilinearAxis(w, w * stride) };
    return found.map(({ detections, priors }, image) => {
      const { meta } = batch.samples[image];
      const frame = rescale ? paddedFrame(input, meta) : imageFrame(input, meta, false);
      return { ...detections, masks: masksOfPriors(maps, image, priors, frame, cfg.mask_thr_binary) };
    });
  }
}

export const rtmdetInsSepBNHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'RTMDetInsSepBNHead',
  summary: "RTMDet's head with masks: each prior predicts the weights of a small network on a map of the image",
  paper: 'Lyu et al., RTMDet, 2022',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n], labels [n] and masks [n]',
  example:
    "{ type: 'RTMDetInsSepBNHead', num_classes: 80, stacked_convs: 2, anchor_generator: { type: 'MlvlPointGenerator', offset: 0, strides: [4, 8, 16, 32, 64] } }",
  options,
  inferred: denseHeadInferred,
  infer: (given, context) => inferDenseHead('RTMDetInsSepBNHead', given, context),
  build: (given, context) => new RTMDetInsSepBNHead(given as RTMDetInsSepBNConfig, context),
});
