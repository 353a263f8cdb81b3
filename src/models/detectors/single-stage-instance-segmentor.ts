// SingleStageInstanceSegmentor: backbone, neck, and a mask head on all feature levels, which finds instances by itself (SOLO,
// SOLOv2) or masks those that a dense head finds (YOLACT, CondInst, BoxInst).

import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { initCfg } from '../../nn';
import type { DetBatch, EpochStart, InstanceHead, InstanceMaskHead, LossContext, Losses } from '../types';
import { BaseDetector, detectorParts } from './base-detector';
import { checkInstanceHeads, instanceHead, instanceMaskHead } from './narrow-head';

const passedOn = (what: string) =>
  z.record(z.string(), z.unknown()).nullish().describe(`${what}, passed down to both heads`);
const options = z.strictObject({
  ...detectorParts,
  bbox_head: moduleOption('dense_head')
    .nullish()
    .describe('Dense head that finds instances and predicts the parameters of their masks'),
  mask_head: moduleOption('mask_head').describe('Predicts the mask of each instance'),
  train_cfg: passedOn('Training settings'),
  test_cfg: passedOn('Post-processing (thresholds, NMS)'),
  init_cfg: initCfg.nullish().describe('Weight initialisation of the whole model'),
});
export type SingleStageInstanceSegmentorConfig = z.output<typeof options>;

export class SingleStageInstanceSegmentor extends BaseDetector {
  readonly bboxHead?: InstanceHead;
  readonly maskHead: InstanceMaskHead;

  constructor(config: SingleStageInstanceSegmentorConfig, context: BuildContext) {
    super(config, context);
    const { registry, numClasses } = context;
    const at = (name: string) => (context.path ? `${context.path}.${name}` : name);
    const { train_cfg, test_cfg } = config;
    const build = { inputs: this.levels, numClasses };
    const given = { ...(train_cfg !== undefined && { train_cfg }), ...(test_cfg !== undefined && { test_cfg }) };
    if (config.bbox_head) {
      const place = { path: at('bbox_head'), type: config.bbox_head.type };
      const head = registry.build('dense_head', { ...config.bbox_head, ...given }, { ...place, ...build });
      this.bboxHead = this.addChild('bbox_head', instanceHead(head, place));
    }
    const place = { path: at('mask_head'), type: config.mask_head.type };
    const head = registry.build('mask_head', { ...config.mask_head, ...given }, { ...place, ...build });
    this.maskHead = this.addChild('mask_head', instanceMaskHead(head, place));
    checkInstanceHeads(this.bboxHead && { path: at('bbox_head'), type: config.bbox_head!.type, head: this.bboxHead }, {
      ...place,
      head: this.maskHead,
    });
  }

  /** One of both knows it, which `checkInstanceHeads` and the heads' options see to. */
  get numClasses(): number {
    return (this.bboxHead?.numClasses ?? this.maskHead.numClasses) as number;
  }

  protected forwardHeads(features: tf.Tensor4D[]): unknown {
    if (!this.bboxHead) return { masks: this.maskHead.forward(features) };
    const { outputs, instances } = this.bboxHead.forwardInstances(features);
    return { boxes: outputs, masks: this.maskHead.forward(features, instances) };
  }

  onEpoch(start: EpochStart): string[] {
    return this.bboxHead?.onEpoch?.(start) ?? [];
  }

  loss(batch: DetBatch, context: LossContext): Losses {
    const features = this.extractFeatures(batch.inputs);
    if (!this.bboxHead) return this.maskHead.loss(features, batch, context);
    const { losses, instances } = this.bboxHead.lossAndInstances(features, batch, context);
    return { ...losses, ...this.maskHead.loss(features, batch, context, instances) };
  }

  predict(batch: DetBatch, { rescale = true } = {}): Detections[] {
    const features = this.extractFeatures(batch.inputs);
    const found = this.bboxHead?.predictInstances(features, batch);
    return this.maskHead.predict(features, batch, { rescale }, found);
  }
}
