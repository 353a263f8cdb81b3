// CondInstBboxHead: FCOS whose points also predict the weights of a small network that gives the mask of their object (Tian et al.,
// Conditional Convolutions for Instance Segmentation, ECCV 2020). Center sampling is around the centroid of a mask.
// BoxInstBboxHead is the same under another name.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import type { Conv2d } from '../../nn';
import { denseHeadInferred } from '../inferred-options/infer-dense-head';
import type { DetBatch, FoundInstances, InstanceHead, LossContext, LossesAndInstances } from '../types';
import { selectDetections } from './decode-detections';
import type { DenseOutputs } from './dense-outputs';
import { FCOSHead, type FCOSHeadConfig, type FCOSMaps, fcosOptions, inferFCOSHead } from './fcos-head';
import { initializeDenseHead } from './initialize-dense-head';
import { instanceTestCfg } from './instance-test-cfg';
import { firstInstances, foundInstances, type MaskParameters, positiveInstances } from './mask-instances';
import type { DecodedCandidates } from './selection';

const options = z.strictObject({
  ...fcosOptions,
  num_params: z.number().int().positive().default(169).describe('Parameters of a mask, as many as the mask_head reads'),
  test_cfg: instanceTestCfg.nullish().describe('Post-processing, passed down by the detector'),
});
export type CondInstBboxHeadConfig = FCOSHeadConfig & { num_params: number };
type Outputs = DenseOutputs<FCOSMaps | 'parameters'>;

export class CondInstBboxHead extends FCOSHead<CondInstBboxHeadConfig, 'parameters'> implements InstanceHead {
  readonly numParameters: number;
  private readonly controller: Conv2d;

  constructor(config: CondInstBboxHeadConfig, context: BuildContext) {
    super(config, context, { centroids: true });
    this.numParameters = config.num_params;
    this.controller = this.addChild('controller', this.towers.predictor(config.num_params));
    initializeDenseHead(this, config.init_cfg);
  }

  protected override get columns(): Record<string, number> {
    return { ...super.columns, parameters: this.config.num_params };
  }

  protected override fromTowers(towers: Record<'cls' | 'reg', tf.Tensor4D>, level: number) {
    return { ...super.fromTowers(towers, level), parameters: this.controller.forward(towers.reg) };
  }

  private parameters(outputs: Outputs): MaskParameters {
    return { table: outputs.flat('parameters'), priors: this.priorCache.of(outputs.sizes) };
  }

  lossAndInstances(features: tf.Tensor4D[], batch: DetBatch, context: LossContext): LossesAndInstances {
    const { outputs, losses, images } = this.assignedLosses(features, batch, context);
    const confidences = (image: number, rows: Int32Array) => this.confidences(outputs, image, rows);
    return { losses, instances: positiveInstances(this.parameters(outputs), images, batch, confidences) };
  }

  /** Best class score times centerness of some points of an image, as probabilities. */
  private confidences(outputs: Outputs, image: number, rows: Int32Array): Float32Array {
    const { scores, factors } = this.candidates(outputs);
    const total = scores.shape[1] as number;
    const places = tf.tensor1d(
      rows.map((row) => image * total + row),
      'int32',
    );
    const at = (x: tf.Tensor) => tf.gather(x.reshape([-1, x.size / (x.shape[0] * total)]), places);
    const classes = tf.slice(at(scores), [0, 0], [-1, this.numClasses]);
    return tf.mul(tf.max(classes, 1), at(factors!).reshape([-1])).dataSync<'float32'>();
  }

  predictInstances(features: tf.Tensor4D[], batch: DetBatch): FoundInstances {
    const outputs = this.outputs(features);
    const found = this.selectEach(outputs, batch, (candidates, meta) =>
      selectDetections(candidates, meta, this.testCfg, false),
    );
    return foundInstances(this.parameters(outputs), found);
  }

  override decodedCandidates(features: tf.Tensor4D[], outputs = this.outputs(features)): DecodedCandidates {
    const { table, priors } = this.parameters(outputs);
    const parts = { parameters: table, points: tf.tensor2d(priors, [priors.length / 4, 4]) };
    return { ...super.decodedCandidates(features, outputs), parts };
  }

  forwardInstances(features: tf.Tensor4D[]) {
    const outputs = this.outputs(features);
    return { outputs: outputs.maps, instances: firstInstances(this.parameters(outputs)) };
  }
}

/** The same, by the name under which BoxInst's configs have it. */
export class BoxInstBboxHead extends CondInstBboxHead {}

const shared = {
  kind: 'dense_head' as const,
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n], labels [n] and parameters of masks',
  options,
  inferred: denseHeadInferred,
};

export const condInstBboxHeadDefinition = defineModule({
  ...shared,
  type: 'CondInstBboxHead',
  summary: 'FCOSHead whose points also predict the weights of the network that gives their mask',
  paper: 'Tian et al., Conditional Convolutions for Instance Segmentation, ECCV 2020',
  example: "{ type: 'CondInstBboxHead', num_classes: 80, num_params: 169 }",
  infer: (given, context) => inferFCOSHead('CondInstBboxHead', given, context),
  build: (given, context) => new CondInstBboxHead(given as CondInstBboxHeadConfig, context),
});

export const boxInstBboxHeadDefinition = defineModule({
  ...shared,
  type: 'BoxInstBboxHead',
  summary: 'CondInstBboxHead of BoxInst, whose masks learn from boxes',
  paper: 'Tian et al., BoxInst: High-Performance Instance Segmentation with Box Annotations, CVPR 2021',
  example: "{ type: 'BoxInstBboxHead', num_classes: 80, num_params: 593 }",
  infer: (given, context) => inferFCOSHead('BoxInstBboxHead', given, context),
  build: (given, context) => new BoxInstBboxHead(given as CondInstBboxHeadConfig, context),
});
