// MMYOLO's RTMDetInsSepBNHead: MMDetection's with the layers in a head module and detections by MMYOLO's rules (Lyu et al.,
// RTMDet, 2022). MMYOLO's only predicts; here it trains as MMDetection's does.

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { DetLabError } from '../../errors';
import { bilinearAxis } from '../../masks';
import { type Loss, zeroLoss } from '../losses';
import { imageFrame } from '../mask-heads/mask-frames';
import type { DetBatch, LossContext, Losses } from '../types';
import type { AnchorMaps } from './anchor-head';
import { selectYoloDetections, yoloTestCfg } from './decode-yolo-detections';
import type { DenseOutputs, LevelMaps } from './dense-outputs';
import {
  type InstanceMaps,
  instanceCandidateParts,
  instanceLoss,
  instanceMaskParts,
  masksOfPriors,
} from './dynamic-instance-masks';
import { testCfgText } from './head-options';
import { MMYOLORTMDetHead, mmyoloRTMDetOptions } from './mmyolo-rtmdet-head';
import { insLossOption, maskThrBinary } from './rtmdet-ins-sep-bn-head';
import { RTMDetInsSepBNHeadModule } from './rtmdet-ins-sep-bn-head-module';
import type { DecodedCandidates, Selection } from './selection';

const testCfg = yoloTestCfg.extend({ mask_thr_binary: maskThrBinary });
const options = z.strictObject({
  ...mmyoloRTMDetOptions,
  loss_mask: insLossOption,
  test_cfg: testCfg.nullish().describe(testCfgText),
});
export type MMYOLORTMDetInsConfig = z.output<typeof options>;
type TestCfg = z.output<typeof testCfg>;
type Maps = 'kernels' | 'maskFeatures';

/** Stride at which masks are compared. */
const LOSS_STRIDE = 4;

/** `maskFeatures` is one map [N, h, w, C] beside the levels. */
export class MMYOLORTMDetInsHead extends MMYOLORTMDetHead<MMYOLORTMDetInsConfig, Maps> {
  private readonly lossMask: Loss;
  private readonly insModule: RTMDetInsSepBNHeadModule;

  constructor(config: MMYOLORTMDetInsConfig, context: BuildContext) {
    const usual = 'RTMDetInsSepBNHeadModule';
    super(config, context, { head: 'mmyolo.RTMDetInsSepBNHead', maps: ['scores', 'deltas', 'kernels'], usual });
    const { registry, path } = context;
    if (!(this.module instanceof RTMDetInsSepBNHeadModule))
      throw new DetLabError(
        `Cannot use ${config.head_module.type} in mmyolo.RTMDetInsSepBNHead at ${path}.head_module: it predicts no masks. Use ${usual}`,
      );
    this.insModule = this.module;
    this.lossMask = registry.build('loss', config.loss_mask, { path: `${path}.loss_mask` });
  }

  protected override get name(): string {
    return 'mmyolo.RTMDetInsSepBNHead';
  }

  protected override get columns(): Record<string, number> {
    return { ...this.module.columns };
  }

  override forward(features: tf.Tensor4D[]): LevelMaps<AnchorMaps | Maps> {
    return { ...super.forward(features), maskFeatures: [this.insModule.layers.maskFeatures(features)] };
  }

  private instanceMaps(outputs: DenseOutputs<AnchorMaps | Maps>): InstanceMaps {
    const [features] = outputs.maps.maskFeatures;
    const { network } = this.insModule.layers;
    return { features, kernels: outputs.flat('kernels'), network, points: this.priorCache.of(outputs.sizes) };
  }

  protected override trainingLosses(
    outputs: DenseOutputs<AnchorMaps | Maps>,
    batch: DetBatch,
    context: LossContext,
  ): Losses {
    const targets = this.targets(outputs, batch, context);
    const comparison = { loss: this.lossMask, batch, stride: this.priors.strides[0][0], lossStride: LOSS_STRIDE };
    const loss_mask = instanceLoss(this.instanceMaps(outputs), targets.images, comparison) ?? zeroLoss(this);
    return { ...this.losses(outputs, targets), loss_mask };
  }

  override get selection(): Selection {
    const { mask_thr_binary } = this.testCfg as TestCfg;
    return {
      ...super.selection,
      masks: instanceMaskParts(this.insModule.layers.network, this.priors, mask_thr_binary),
    };
  }

  override decodedCandidates(features: tf.Tensor4D[], outputs = this.outputs(features)): DecodedCandidates {
    const parts = instanceCandidateParts(this.instanceMaps(outputs));
    return { ...super.decodedCandidates(features, outputs), parts };
  }

  protected override detect(
    outputs: DenseOutputs<AnchorMaps | Maps>,
    batch: DetBatch,
    given: unknown,
    rescale: boolean,
  ): Detections[] {
    const cfg = given as TestCfg;
    const found = this.selectEach(outputs, batch, (candidates, meta) =>
      selectYoloDetections(candidates, meta, cfg, rescale),
    );
    const maps = this.instanceMaps(outputs);
    const [, h, w] = maps.features.shape;
    const [stride] = this.priors.strides[0];
    const input = { rows: bilinearAxis(h, h * stride), columns: bilinearAxis(w, w * stride) };
    return found.map(({ detections, priors }, image) => {
      const frame = imageFrame(input, batch.samples[image].meta, rescale);
      return { ...detections, masks: masksOfPriors(maps, image, priors, frame, cfg.mask_thr_binary) };
    });
  }
}

export const mmyoloRTMDetInsHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'mmyolo.RTMDetInsSepBNHead',
  summary: 'The RTMDet head with masks of MMYOLO: its layers are a module of their own, scaled by a width factor',
  paper: 'Lyu et al., RTMDet, 2022 (MMYOLO)',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n], labels [n] and masks [n]',
  example:
    "{ type: 'mmyolo.RTMDetInsSepBNHead', head_module: { type: 'RTMDetInsSepBNHeadModule', num_classes: 80, in_channels: 256, featmap_strides: [4, 8, 16, 32, 64] }, prior_generator: { type: 'MlvlPointGenerator', offset: 0, strides: [4, 8, 16, 32, 64] } }",
  options,
  build: (given, context) => new MMYOLORTMDetInsHead(given, context),
});
