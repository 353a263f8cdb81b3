// GroundingDINOHead: DINO's, whose classes are the words of a caption: a query is scored against each, and a label's score is
// the mean over its words (Liu et al., Grounding DINO, ECCV 2024).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { DetLabError } from '../../errors';
import type { Words } from '../layers/transformer/grounding-dino-layers';
import { hasQualityTargets } from '../losses';
import type { Instances } from '../task-modules';
import type { PredictionPart } from '../task-modules/types';
import type { DetBatch } from '../types';
import { ContrastiveEmbed, contrastiveOptions } from './contrastive-embed';
import { type DeformableDETRHeadConfig, deformableDETRHeadOptions } from './deformable-detr-head';
import { DINOHead } from './dino-head';
import type { QueryPredictions } from './query-head';
import type { QueryTargets } from './query-targets';
import { tokenTargets, wordScores } from './word-scores';

const options = z.strictObject({
  ...deformableDETRHeadOptions.shape,
  contrastive_cfg: contrastiveOptions
    .default(contrastiveOptions.parse({}))
    .describe('How queries and words are compared'),
});
export type GroundingDINOHeadConfig = DeformableDETRHeadConfig & Pick<z.output<typeof options>, 'contrastive_cfg'>;

/** Words of the captions, and which of them describe what. */
export interface GroundingWords extends Words {
  /** [B, T], 1 for words that are there. */
  present: Uint8Array;
  /** Of each image, the words of each ground-truth box (in training) or of each label. */
  positives: (number[][] | undefined)[];
}

export class GroundingDINOHead extends DINOHead<ContrastiveEmbed> {
  /** Of the pass that is being computed. */
  private words?: GroundingWords;

  constructor(config: GroundingDINOHeadConfig, context: BuildContext) {
    super(config, context);
    if (!this.lossCls.useSigmoid || hasQualityTargets(this.lossCls))
      throw new DetLabError(
        `Cannot use ${config.loss_cls.type} at ${context.path}.loss_cls: expected a loss of one probability per word, such as FocalLoss`,
      );
  }

  protected override classifier(): ContrastiveEmbed {
    return new ContrastiveEmbed((this.config as GroundingDINOHeadConfig).contrastive_cfg);
  }

  get maxTextLength(): number {
    return (this.config as GroundingDINOHeadConfig).contrastive_cfg.max_text_len;
  }

  protected override get matchable(): PredictionPart[] {
    return ['logits', 'boxes', 'tokenMask'];
  }

  /** Computes with these words. */
  within<T>(words: GroundingWords, compute: () => T): T {
    this.words = words;
    try {
      return compute();
    } finally {
      this.words = undefined;
    }
  }

  private get currentWords(): GroundingWords {
    if (!this.words) throw new DetLabError('Cannot score queries: GroundingDINOHead has received no words');
    return this.words;
  }

  override scores(layer: number, state: tf.Tensor3D): tf.Tensor3D {
    return this.clsBranches.at(layer).forward(state, this.currentWords.features);
  }

  protected override tokenMask(image: number): Float32Array {
    const { present, padding } = this.currentWords;
    const [, length] = padding.shape;
    return Float32Array.from(present.subarray(image * length, (image + 1) * length));
  }

  protected override instances(batch: DetBatch): Instances[] {
    const { positives, padding } = this.currentWords;
    const [, length] = padding.shape;
    return super.instances(batch).map((one, n) => ({ ...one, positiveMaps: tokenTargets(positives[n] ?? [], length) }));
  }

  /** Of every word that is there: 1 where it describes the ground truth of the query. */
  protected override classLoss(logits: tf.Tensor2D, { truths }: QueryTargets, avgFactor: number): tf.Tensor {
    const { present, positives } = this.currentWords;
    const images = positives.length;
    const [rows, length] = logits.shape;
    const target = new Float32Array(rows * length);
    const weight = new Float32Array(rows * length);
    const queries = rows / images;
    for (let row = 0; row < rows; row++) {
      const n = Math.floor(row / queries);
      for (let t = 0; t < length; t++) weight[row * length + t] = present[n * length + t];
      if (truths[row] >= 0)
        for (const token of positives[n]?.[truths[row]] ?? []) if (token < length) target[row * length + token] = 1;
    }
    const shape: [number, number] = [rows, length];
    const call = { weight: tf.tensor2d(weight, shape), avgFactor };
    return this.lossCls.forward(logits, tf.tensor2d(target, shape), call);
  }

  /** Detections by label; of a caption as a whole where `words.positives` of an image is undefined. */
  protected override detections({ scores, boxes }: QueryPredictions, batch: DetBatch, rescale: boolean): Detections[] {
    const { positives, present, padding } = this.currentWords;
    const [, length] = padding.shape;
    const likely = tf.sigmoid(scores);
    return batch.samples.flatMap((sample, n) => {
      const there = present.subarray(n * length, (n + 1) * length);
      const part = (x: tf.Tensor3D): tf.Tensor3D => tf.slice(x, [n, 0, 0], [1, -1, -1]);
      return this.selected(
        wordScores(part(likely), there, positives[n]),
        part(boxes),
        { ...batch, samples: [sample] },
        rescale,
      );
    });
  }
}

export const groundingDINOHeadDefinition = defineModule({
  kind: 'dense_head',
  type: 'GroundingDINOHead',
  summary: 'DINO head that scores queries against the words of a caption in place of classes',
  paper:
    'Liu et al., Grounding DINO: Marrying DINO with Grounded Pre-Training for Open-Set Object Detection, ECCV 2024',
  shapes: 'queries [N, Q, C] and words [N, T, C] -> per image, boxes [n, 4], scores [n] and labels [n]',
  example:
    "{ type: 'GroundingDINOHead', num_classes: 80, contrastive_cfg: { max_text_len: 256 }, loss_cls: { type: 'FocalLoss', loss_weight: 1 } }",
  options,
  inferred: { num_classes: 'the classes of the dataset' },
  // the labels of denoising queries alone: any number of names is detected
  infer: (given, { numClasses = 256 }) => ({ ...given, num_classes: given.num_classes ?? numClasses }),
  build: (given, context) => new GroundingDINOHead(given as GroundingDINOHeadConfig, context),
});
