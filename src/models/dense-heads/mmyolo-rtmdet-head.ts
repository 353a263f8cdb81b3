// MMYOLO's RTMDetHead: the losses of MMDetection's, with the layers in a head module, and detections that may have several classes
// a box (Lyu et al., RTMDet, 2022).

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import type { Detections, ImageMeta } from '../../data/types';
import type { PriorForm, Size } from '../task-modules';
import type { AnchorMaps } from './anchor-head';
import { anchorTrainCfg } from './anchor-head-options';
import type { Candidates } from './decode-detections';
import { decodeYoloDetections, type YOLOTestCfg, yoloSelection, yoloTestCfg } from './decode-yolo-detections';
import type { Selection } from './dense-head';
import { buildHeadModule, type HeadModule, headModuleOption } from './head-module';
import {
  initOption,
  lossBboxOption,
  lossClsOption,
  pointCoderOption,
  pointsOption,
  testCfgText,
  trainCfgText,
} from './head-options';
import { RTMDetBaseHead, type RTMDetConfig, rtmdetOptions } from './rtmdet-base-head';

export const mmyoloRTMDetOptions = {
  head_module: headModuleOption,
  prior_generator: pointsOption(0),
  bbox_coder: pointCoderOption,
  loss_cls: lossClsOption({ type: 'QualityFocalLoss', use_sigmoid: true, beta: 2, loss_weight: 1 }),
  loss_bbox: lossBboxOption({ type: 'GIoULoss', loss_weight: 2 }),
  train_cfg: anchorTrainCfg.nullish().describe(trainCfgText),
  test_cfg: yoloTestCfg.nullish().describe(testCfgText),
  init_cfg: initOption,
};
const options = z.strictObject(mmyoloRTMDetOptions);
export type MMYOLORTMDetHeadConfig = z.output<typeof options>;

/** `C` is what a head adds to the config, `M` the names of further maps. */
export class MMYOLORTMDetHead<C = unknown, M extends string = never> extends RTMDetBaseHead<RTMDetConfig & C, M> {
  protected readonly module: HeadModule;

  constructor(
    config: MMYOLORTMDetHeadConfig & C,
    context: BuildContext,
    expected: { head: string; maps: string[]; usual: string; coder?: PriorForm } = {
      head: 'mmyolo.RTMDetHead',
      maps: ['scores', 'deltas'],
      usual: 'RTMDetSepBNHeadModule',
    },
  ) {
    const module = buildHeadModule(config.head_module, context, expected);
    const { head_module, prior_generator: anchor_generator, init_cfg, ...rest } = config;
    // the options of layers are the module's
    const layers = z.strictObject(rtmdetOptions).parse({ num_classes: module.numClasses, init_cfg: null });
    super(
      { ...layers, ...rest, anchor_generator } as unknown as RTMDetConfig & C,
      context,
      expected.head,
      expected.coder,
    );
    this.module = this.addChild('head_module', module);
  }

  protected override get name(): string {
    return 'mmyolo.RTMDetHead';
  }

  protected override forwardSingle(x: tf.Tensor4D, level: number, sizes: Size[]): Record<AnchorMaps | M, tf.Tensor4D> {
    return this.module.forwardSingle(x, level, sizes) as Record<AnchorMaps | M, tf.Tensor4D>;
  }

  /** All: in MMYOLO those in the padding of a smaller image are negative samples too, where MMDetection leaves them out. */
  protected override priorsInside(): undefined {}

  /** They are clipped after NMS alone. */
  protected override get clipsBoxes(): boolean {
    return false;
  }

  override get selection(): Selection {
    return yoloSelection(this.testCfg as unknown as YOLOTestCfg);
  }

  protected override suppress(candidates: Candidates, meta: ImageMeta, cfg: unknown, rescale: boolean): Detections {
    return decodeYoloDetections(candidates, meta, cfg as YOLOTestCfg, rescale);
  }
}

export const mmyoloRTMDetHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'mmyolo.RTMDetHead',
  summary: 'The RTMDet head of MMYOLO: its layers are a module of their own, scaled by a width factor',
  paper: 'Lyu et al., RTMDet, 2022 (MMYOLO)',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example:
    "{ type: 'mmyolo.RTMDetHead', head_module: { type: 'RTMDetSepBNHeadModule', num_classes: 80, in_channels: 256, featmap_strides: [4, 8, 16, 32, 64] }, prior_generator: { type: 'MlvlPointGenerator', offset: 0, strides: [4, 8, 16, 32, 64] } }",
  options,
  build: (given, context) => new MMYOLORTMDetHead(given, context),
});
