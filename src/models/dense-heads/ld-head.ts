// LDHead: GFL's head, whose box distributions also learn from those of a teacher (Zheng et al., Localization Distillation for Dense
// Object Detection, CVPR 2022). N images, T priors, P positives, R = reg_max + 1 bins of each of four sides.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { meanTensorOverRanks } from '../../ops/over-ranks';
import { denseHeadInferred, inferDenseHead } from '../inferred-options/infer-dense-head';
import { type Loss, zeroLoss } from '../losses';
import type { DetBatch, LossContext, Losses } from '../types';
import type { AnchorMaps } from './anchor-head';
import type { DenseOutputs } from './dense-outputs';
import { type BoxDistributions, GFLHead, type GFLHeadConfig, gflOptions } from './gfl-head';

const options = z.strictObject({
  ...gflOptions,
  loss_ld: moduleOption('loss')
    .default({ type: 'KnowledgeDistillationKLDivLoss', loss_weight: 0.25, T: 10 })
    .describe('Loss of the box distributions against those of the teacher'),
});
export type LDHeadConfig = GFLHeadConfig & Pick<z.output<typeof options>, 'loss_ld'>;

export class LDHead extends GFLHead<LDHeadConfig> {
  private readonly lossLd: Loss;

  constructor(config: LDHeadConfig, context: BuildContext) {
    super(config, context);
    const { registry, path } = context;
    this.lossLd = registry.build('loss', config.loss_ld, { path: `${path}.loss_ld` });
  }

  /** @throws DetLabError: there is no teacher */
  override loss(): Losses {
    throw new DetLabError(
      "Cannot train LDHead without a teacher: use { type: 'KnowledgeDistillationSingleStageDetector', teacher_config: ... }, or GFLHead",
    );
  }

  /** The losses against the ground truth and against box distributions [N, T, 4 R] of a teacher. */
  distill(features: tf.Tensor4D[], teacher: tf.Tensor3D, batch: DetBatch, context: LossContext): Losses {
    const outputs = this.outputs(features);
    const expected = outputs.flat('deltas').shape;
    if (teacher.shape.join() !== expected.join())
      throw new DetLabError(
        `Cannot distill: the student predicts box distributions [${expected.join(', ')}], the teacher [${teacher.shape.join(', ')}]. ` +
          'Both need the same levels, anchors and reg_max',
      );
    outputs.once('teacher', () => teacher);
    return this.trainingLosses(outputs, batch, context);
  }

  protected override furtherLosses(outputs: DenseOutputs<AnchorMaps>, positives?: BoxDistributions): Losses {
    if (!positives) return { loss_ld: zeroLoss(this) };
    const { rows, logits, weight } = positives;
    const bins = this.config.reg_max + 1;
    const teacher = outputs.once('teacher', () => outputs.flat('deltas')).reshape<tf.Tensor2D>([-1, 4 * bins]);
    const soft = tf.gather(teacher, rows).reshape([-1, bins]);
    const loss = this.lossLd.forward(logits.reshape([-1, bins]), soft, { weight, avgFactor: 4 });
    return { loss_ld: loss as tf.Scalar };
  }

  protected override boxDivisor(sum: tf.Scalar): tf.Scalar {
    return meanTensorOverRanks(tf.add(sum, 1e-6), Number.NEGATIVE_INFINITY);
  }
}

export const ldHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'LDHead',
  summary: 'GFL head that also learns box distributions from a teacher',
  paper: 'Zheng et al., Localization Distillation for Dense Object Detection, CVPR 2022',
  shapes: 'feature levels [N, H, W, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example:
    "{ type: 'LDHead', num_classes: 80, anchor_generator: { type: 'AnchorGenerator', ratios: [1], octave_base_scale: 8, scales_per_octave: 1 }, loss_cls: { type: 'QualityFocalLoss' }, loss_bbox: { type: 'GIoULoss', loss_weight: 2 } }",
  options,
  inferred: denseHeadInferred,
  infer: (given, context) => inferDenseHead('LDHead', given, context),
  build: (given, context) => new LDHead(given as LDHeadConfig, context),
});
