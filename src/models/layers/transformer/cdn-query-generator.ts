// Contrastive denoising queries of DINO (Zhang et al., ICLR 2023): ground truth with noise on label and box, in groups that do not
// attend to each other; half of a group is moved less than the box's size (positives to reconstruct), half by more (negatives).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { Embedding } from '../../../nn/embedding';
import { Module } from '../../../nn/module';
import type { Random } from '../../../random';
import { toInstances } from '../../task-modules/instances';
import type { DetBatch } from '../../types';

export const denoisingOptions = z.strictObject({
  label_noise_scale: z.number().positive().default(0.5).describe('Label noise: twice the fraction of labels flipped'),
  box_noise_scale: z.number().positive().default(1).describe('How far the sides of a box are moved, in half sizes'),
  group_cfg: z
    .strictObject({
      dynamic: z.boolean().default(true).describe('As many groups as give num_dn_queries queries'),
      num_dn_queries: z.int().positive().default(100).describe('Number of denoising queries, with dynamic'),
      num_groups: z.int().positive().nullish().describe('Number of denoising groups, without dynamic'),
    })
    .refine((o) => o.dynamic || o.num_groups, { message: 'num_groups must be given when dynamic is false' })
    .default({ dynamic: true, num_dn_queries: 100 })
    .describe('Number of groups'),
});

/** Random numbers of one call, n = truths of the batch * 2 * groups. */
export interface DenoisingNoise {
  /** [n] in 0..1: below half the label noise the label is replaced. */
  chances: Float32Array;
  /** As many as labels are replaced, in their order. */
  labels: Int32Array;
  /** [n * 4], -1 or 1. */
  signs: Float32Array;
  /** [n * 4] in 0..1. */
  shares: Float32Array;
}

export interface DenoisingQueries {
  /** [B, D, C]. */
  labels: tf.Tensor3D;
  /** [B, D, 4], before the sigmoid. */
  boxes: tf.Tensor3D;
  /** [D + Q, D + Q], true where a query may not look. */
  mask: tf.Tensor2D;
  /** Queries that denoise, D. */
  count: number;
  groups: number;
}

/** Truths of an image, boxes cxcywh or xyxy in shares of the image. */
export interface NormalizedTruths {
  labels: Int32Array;
  /** xyxy in 0..1, flat. */
  boxes: Float32Array;
}

/** What denoising queries are made of. */
export function normalizedTruths({ samples }: DetBatch): NormalizedTruths[] {
  return samples.map(({ truths, meta: { imgShape, imgPath } }) => {
    const { bboxes, labels } = toInstances(truths, imgPath);
    return { labels, boxes: bboxes.map((v, k) => v / imgShape[k & 1 ? 0 : 1]) };
  });
}

export class CdnQueryGenerator extends Module {
  readonly labelEmbedding: Embedding;

  constructor(
    private readonly options: z.output<typeof denoisingOptions>,
    private readonly shape: { classes: number; embedDims: number; matchingQueries: number },
  ) {
    super();
    const { classes: count, embedDims: channels } = shape;
    this.labelEmbedding = this.addChild('label_embedding', new Embedding({ count, channels }));
  }

  groupsFor(mostTruths: number): number {
    const { dynamic, num_dn_queries, num_groups } = this.options.group_cfg;
    if (!dynamic) return num_groups ?? 1;
    return mostTruths === 0 ? 1 : Math.max(1, Math.floor(num_dn_queries / mostTruths));
  }

  /** Draws what a call for `truths` truths in `groups` groups needs. */
  draw(truths: number, groups: number, random: Random): DenoisingNoise {
    const n = truths * 2 * groups;
    const chances = Float32Array.from({ length: n }, () => random.uniform());
    const replaced = chances.filter((p) => this.replaces(p)).length;
    return {
      chances,
      labels: Int32Array.from({ length: replaced }, () => random.integer(this.shape.classes)),
      signs: Float32Array.from({ length: 4 * n }, () => 2 * random.integer(2) - 1),
      shares: Float32Array.from({ length: 4 * n }, () => random.uniform()),
    };
  }

  private replaces(chance: number): boolean {
    return chance < this.options.label_noise_scale * 0.5;
  }

  forward(batch: NormalizedTruths[], random: Random): DenoisingQueries {
    const most = Math.max(0, ...batch.map(({ labels }) => labels.length));
    const total = batch.reduce((sum, { labels }) => sum + labels.length, 0);
    const groups = this.groupsFor(most);
    const count = most * 2 * groups;
    const noise = this.draw(total, groups, random);
    const slots = new Int32Array(batch.length * count).fill(-1); // label in each place, -1 where there is none
    const boxes = new Float32Array(batch.length * count * 4);
    let drawn = 0;
    for (let half = 0, k = 0; half < 2 * groups; half++)
      for (const [image, truths] of batch.entries())
        for (const [i, label] of truths.labels.entries()) {
          const at = image * count + half * most + i;
          slots[at] = this.replaces(noise.chances[k]) ? noise.labels[drawn++] : label;
          const box = truths.boxes.subarray(4 * i, 4 * i + 4);
          const draw = (values: Float32Array) => values.subarray(4 * k, 4 * k + 4);
          boxes.set(this.moved(box, draw(noise.signs), draw(noise.shares), half % 2 === 1), 4 * at);
          k++;
        }
    return tf.tidy(() => {
      const { embedDims } = this.shape;
      const present = tf.tensor(
        Float32Array.from(slots, (s) => (s < 0 ? 0 : 1)),
        [slots.length, 1],
      );
      const rows = this.labelEmbedding.forward(
        tf.tensor1d(
          slots.map((s) => Math.max(s, 0)),
          'int32',
        ),
      );
      return {
        labels: tf.mul(rows, present).reshape<tf.Tensor3D>([batch.length, count, embedDims]),
        boxes: tf.tensor3d(boxes, [batch.length, count, 4]),
        mask: this.mask(count, most, groups),
        count,
        groups,
      };
    });
  }

  /** A box with its sides moved, as cxcywh before the sigmoid. */
  private moved(box: Float32Array, signs: Float32Array, shares: Float32Array, far: boolean): number[] {
    const f = Math.fround;
    const size = [f(box[2] - box[0]), f(box[3] - box[1])];
    const [x1, y1, x2, y2] = [0, 1, 2, 3].map((k) => {
      const part = f(f(shares[k] + (far ? 1 : 0)) * signs[k]);
      const side = f(box[k] + f(f(f(part * size[k & 1]) * this.options.box_noise_scale) / 2));
      return Math.min(Math.max(side, 0), 1);
    });
    return [f(f(x1 + x2) / 2), f(f(y1 + y2) / 2), f(x2 - x1), f(y2 - y1)].map((v) => {
      const eps = 1e-3;
      const inside = Math.max(v, 0); // a side that noise moved past the opposite one
      return Math.log(Math.max(inside, eps) / Math.max(1 - inside, eps));
    });
  }

  /** Matching queries see no denoising ones; a group sees itself and the matching ones. */
  private mask(count: number, most: number, groups: number): tf.Tensor2D {
    const total = count + this.shape.matchingQueries;
    const hidden = new Uint8Array(total * total);
    const size = count / Math.max(groups, 1);
    for (let row = 0; row < total && most > 0; row++)
      for (let column = 0; column < count; column++)
        if (row >= count || Math.floor(row / size) !== Math.floor(column / size)) hidden[row * total + column] = 1;
    return tf.tensor2d(hidden, [total, total], 'bool');
  }
}
