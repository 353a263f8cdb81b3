// PISARoIHead: the second stage of Prime Sample Attention (Cao et al., CVPR 2020). Positives weigh by the rank of their boxes' IoU
// (ISR-P), negatives as ScoreHLRSampler says (ISR-N), and a box loss weighted by the scores teaches them which boxes are good (CARL).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { meanOverRanks } from '../../ops/over-ranks';
import { type Loss, zeroLoss } from '../losses';
import { carlLoss, importanceWeights } from '../task-modules/prime-samples';
import type { Losses } from '../types';
import { BBoxHead } from './bbox-heads/bbox-head';
import { type BBoxTargets, labelWeightsOf } from './bbox-heads/bbox-targets';
import { BBoxStage, type StageResult } from './bbox-stage';
import { type ProposalSampler, rcnnTrainCfg, relativesTrainCfg } from './proposal-sampler';
import type { RoIPooler } from './roi-pooler';
import { StandardRoIHead, standardOptions } from './standard-roi-head';
import type { BBoxOutputs, BoxHead } from './types';

const options = z.strictObject({
  ...standardOptions,
  train_cfg: rcnnTrainCfg
    .extend({ isr: relativesTrainCfg.isr, carl: relativesTrainCfg.carl })
    .nullish()
    .describe('Training settings, passed down by the detector'),
});
type Options = z.output<typeof options>;
type PrimeCfg = Pick<NonNullable<Options['train_cfg']>, 'isr' | 'carl'>;

class PISAStage extends BBoxStage {
  constructor(
    pooler: RoIPooler,
    head: BoxHead,
    sampler: ProposalSampler,
    private readonly cfg: PrimeCfg,
    private readonly lossBbox: Loss,
  ) {
    super(pooler, head, sampler);
  }

  protected override lossesOf(
    outputs: BBoxOutputs,
    targets: BBoxTargets,
    of: Pick<StageResult, 'sampled' | 'order'>,
  ): Losses {
    const { isr, carl } = this.cfg;
    const weighted = isr ? { ...targets, labelWeights: this.weights(outputs, targets, of, isr) } : targets;
    const losses = super.lossesOf(outputs, weighted, of);
    return carl ? { ...losses, loss_carl: this.carl(outputs, targets, carl) } : losses;
  }

  /** Weights of all RoIs, those of the positives by importance. */
  private weights(
    outputs: BBoxOutputs,
    targets: BBoxTargets,
    { sampled, order }: Pick<StageResult, 'sampled' | 'order'>,
    cfg: { k: number; bias: number },
  ): Float32Array {
    const { labels, positives, rois } = targets;
    const weights = labelWeightsOf(targets);
    if (positives.length === 0) return weights;
    const { head } = this;
    // by image, as the RoIs were before they were ordered: the ground truth of each, numbered over the batch
    let before = 0;
    const truthOf = sampled.flatMap(({ positiveTruth, negative }, i) => {
      const first = before;
      before += positiveTruth.reduce((most, t) => Math.max(most, t + 1), 0);
      return [...Array.from(positiveTruth, (t) => first + t), ...Array.from(negative, () => -1 - i)];
    });
    const priors = Float32Array.from(
      { length: 4 * positives.length },
      (_, k) => rois[5 * positives[k >> 2] + 1 + (k & 3)],
    );
    const ofClass = positives.map((i) => labels[i]);
    const deltas = outputs.deltas!.cast<tf.Tensor2D>('float32');
    const columns = deltas.shape[1];
    const values = deltas.dataSync<'float32'>();
    const rows = new Float32Array(columns * positives.length);
    positives.forEach((i, k) => {
      rows.set(values.subarray(i * columns, (i + 1) * columns), k * columns);
    });
    const perClass = head.perSampleLoss(outputs, labels);
    const each = perClass.length / labels.length;
    const losses = Float32Array.from(positives, (i) =>
      perClass.subarray(i * each, (i + 1) * each).reduce((sum, v) => sum + v, 0),
    );
    const important = importanceWeights(
      {
        labels: ofClass,
        truths: Array.from(positives, (i) => truthOf[order[i]]),
        predicted: head.refine(priors, rows, ofClass),
        targets: head.decodedTargets ? targets.boxes : head.coder.decode(priors, targets.boxes),
        weights: Float32Array.from(positives, (i) => weights[i]),
        losses,
      },
      cfg,
    );
    positives.forEach((i, k) => {
      weights[i] = important[k];
    });
    return weights;
  }

  private carl(
    { scores, deltas }: BBoxOutputs,
    { labels, positives, boxes }: BBoxTargets,
    cfg: { k: number; bias: number },
  ): tf.Scalar {
    const avgFactor = meanOverRanks(labels.length, 1);
    const logits = scores!.cast<tf.Tensor2D>('float32');
    if (positives.length === 0) return zeroLoss(logits);
    const flat = (x: tf.Tensor, width: number, rows: ArrayLike<number>): tf.Tensor =>
      tf.gather(x.reshape([-1, width]), tf.tensor1d(Int32Array.from(rows), 'int32'));
    const classes = logits.shape[1];
    const likely = flat(
      tf.softmax(logits),
      1,
      positives.map((i) => i * classes + labels[i]),
    ).reshape<tf.Tensor1D>([-1]);
    const perRoI = deltas!.shape[1] / 4;
    const predicted = flat(
      deltas!.cast('float32'),
      4,
      positives.map((i) => i * perRoI + (perRoI === 1 ? 0 : labels[i])),
    );
    const target = tf.tensor2d(boxes, [positives.length, 4]);
    const loss = this.lossBbox.forward(predicted, target, { reduction: 'none' }) as tf.Tensor2D;
    return carlLoss(likely, loss, { ...cfg, avgFactor });
  }
}

export class PISARoIHead extends StandardRoIHead<Options> {
  protected override createStage(pooler: RoIPooler, head: BoxHead, sampler: ProposalSampler | undefined): BBoxStage {
    const { train_cfg: cfg } = this.config;
    if (!sampler || !cfg) return super.createStage(pooler, head, sampler);
    if (!(head instanceof BBoxHead) || head.coder.encodeSize !== 4 || head.probabilities)
      throw new DetLabError(
        'Cannot build PISARoIHead: expected a bbox_head with scores of a softmax and four deltas, such as Shared2FCBBoxHead',
      );
    return new PISAStage(pooler, head, sampler, cfg, head.lossBbox);
  }
}

export const pisaRoIHeadDefinition = defineModule({
  kind: 'roi_head',
  type: 'PISARoIHead',
  summary: 'Second stage of PISA: samples weigh by their importance, and scores learn from the quality of boxes',
  paper: 'Cao et al., Prime Sample Attention in Object Detection, CVPR 2020',
  shapes: 'feature levels [N, H, W, C] and proposals -> detections of each image',
  example: `{
  type: 'PISARoIHead',
  bbox_roi_extractor: { type: 'SingleRoIExtractor', roi_layer: { type: 'RoIAlign', output_size: 7 } },
  bbox_head: { type: 'Shared2FCBBoxHead' },
}`,
  options,
  build: (given, context) => new PISARoIHead(given, context),
});
