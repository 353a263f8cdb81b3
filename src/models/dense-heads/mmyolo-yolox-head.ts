// MMYOLO's YOLOXHead: that of MMDetection with the layers in a head module, and detections that may have several classes a box
// (Ge et al., YOLOX, 2021).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import type { Detections, ImageMeta } from '../../data/types';
import { buildBBoxCoder, buildPriorGenerator, type Size } from '../task-modules';
import type { Candidates } from './decode-detections';
import { decodeYoloDetections, type YOLOTestCfg, yoloSelection, yoloTestCfg } from './decode-yolo-detections';
import type { CandidateTensors, Selection } from './dense-head';
import type { DenseOutputs } from './dense-outputs';
import { buildHeadModule, type HeadModule, headModuleOption } from './head-module';
import {
  initOption,
  lossBboxOption,
  lossClsOption,
  pointsOption,
  pointTrainCfgOption,
  testCfgText,
} from './head-options';
import { squaredIoU, sumOfEntropy, sumOfL1, YOLOXBaseHead, type YOLOXMaps } from './yolox-base-head';

export const mmyoloYOLOXOptions = {
  head_module: headModuleOption,
  prior_generator: pointsOption(0),
  bbox_coder: moduleOption('bbox_coder')
    .default({ type: 'YOLOXBBoxCoder' })
    .describe('Encodes a box relative to its point'),
  loss_cls: lossClsOption(sumOfEntropy),
  loss_bbox: lossBboxOption(squaredIoU),
  loss_obj: moduleOption('loss').default(sumOfEntropy).describe('Objectness loss'),
  loss_bbox_aux: moduleOption('loss')
    .default(sumOfL1)
    .describe('Loss of the coded box in the last epochs, switched on by YOLOXModeSwitchHook'),
  train_cfg: pointTrainCfgOption,
  test_cfg: yoloTestCfg.nullish().describe(testCfgText),
  init_cfg: initOption,
};
const options = z.strictObject(mmyoloYOLOXOptions);
export type MMYOLOYOLOXHeadConfig = z.output<typeof options>;

const MAPS: readonly YOLOXMaps[] = ['scores', 'deltas', 'objectness'];

/** `M` are the names of maps beside those of YOLOX. */
export class MMYOLOYOLOXHead<M extends string = never> extends YOLOXBaseHead<
  MMYOLOYOLOXHeadConfig & { num_classes: number },
  M
> {
  protected readonly module: HeadModule;

  /** @param more maps that the head reads */
  constructor(config: MMYOLOYOLOXHeadConfig, context: BuildContext, more: readonly M[] = []) {
    const head = more.length > 0 ? 'YOLOXPoseHead' : 'mmyolo.YOLOXHead';
    const { registry, path, inputs } = context;
    const at = (name: string) => ({ registry, path: `${path}.${name}`, inputs });
    const module = buildHeadModule(config.head_module, context, {
      head,
      maps: [...MAPS, ...more],
      usual: more.length > 0 ? 'YOLOXPoseHeadModule' : 'YOLOXHeadModule',
    });
    const parts = {
      priors: buildPriorGenerator(config.prior_generator, at('prior_generator'), { head, form: 'points' }),
      coder: buildBBoxCoder(config.bbox_coder, at('bbox_coder'), { head, priors: 'centered points' }),
    };
    super({ ...config, num_classes: module.numClasses }, context, parts, ['loss_bbox_aux', config.loss_bbox_aux]);
    this.module = this.addChild('head_module', module);
  }

  protected override get name(): string {
    return 'mmyolo.YOLOXHead';
  }

  protected override forwardSingle(x: tf.Tensor4D, level: number, sizes: Size[]): Record<YOLOXMaps | M, tf.Tensor4D> {
    return this.module.forwardSingle(x, level, sizes) as Record<YOLOXMaps | M, tf.Tensor4D>;
  }

  /** A class is as probable as an object that is of the class. */
  protected override candidates(outputs: DenseOutputs<YOLOXMaps | M>): CandidateTensors {
    const object = tf.sigmoid(outputs.flat('objectness'));
    return { scores: tf.mul(tf.sigmoid(outputs.flat('scores')), object), boxes: this.boxes(outputs) };
  }

  override get selection(): Selection {
    return yoloSelection(this.testCfg);
  }

  protected override suppress(candidates: Candidates, meta: ImageMeta, cfg: YOLOTestCfg, rescale: boolean): Detections {
    return decodeYoloDetections(candidates, meta, cfg, rescale);
  }
}

export const mmyoloYOLOXHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'mmyolo.YOLOXHead',
  summary: 'The YOLOX head of MMYOLO: its layers are a module of their own, scaled by a width factor',
  paper: 'Ge et al., YOLOX, 2021 (MMYOLO)',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example:
    "{ type: 'mmyolo.YOLOXHead', head_module: { type: 'YOLOXHeadModule', num_classes: 80, in_channels: 256, featmap_strides: [4, 8, 16, 32, 64] }, prior_generator: { type: 'MlvlPointGenerator', offset: 0, strides: [4, 8, 16, 32, 64] } }",
  options,
  build: (given, context) => new MMYOLOYOLOXHead(given, context),
});
