// Learned positional encoding of a map: an embedding per column and one per row, concatenated.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import { applyInitCfg, initCfg } from '../../../nn';
import { Embedding } from '../../../nn/embedding';
import { Module } from '../../../nn/module';

const options = z.strictObject({
  num_feats: z.int().positive().describe('Channels per axis (x and y)'),
  row_num_embed: z.int().positive().default(50).describe('Number of row embeddings'),
  col_num_embed: z.int().positive().default(50).describe('Columns there are vectors for'),
  init_cfg: initCfg
    .nullish()
    .default({ type: 'Uniform', layer: 'Embedding' })
    .describe('Initialisation of the embeddings: uniform in [0, 1]'),
});

export class LearnedPositionalEncoding extends Module {
  private readonly rows: Embedding;
  private readonly columns: Embedding;

  constructor(config: z.output<typeof options>) {
    super();
    const { num_feats: channels, row_num_embed, col_num_embed } = config;
    this.rows = this.addChild('row_embed', new Embedding({ count: row_num_embed, channels }));
    this.columns = this.addChild('col_embed', new Embedding({ count: col_num_embed, channels }));
    applyInitCfg(this, config.init_cfg);
  }

  /**
   * The size of a map [B, H, W], or its mask -> [B, H, W, 2 num_feats], column before row.
   * @throws DetLabError when the map has more rows or columns than there are vectors.
   */
  forward(mask: tf.Tensor3D | [number, number, number]): tf.Tensor4D {
    const [batch, height, width] = Array.isArray(mask) ? mask : mask.shape;
    const [rows, columns] = [this.rows.table, this.columns.table];
    if (height > rows.shape[0] || width > columns.shape[0])
      throw new DetLabError(
        `Cannot encode positions of a ${height} x ${width} map: there are vectors for ${rows.shape[0]} rows and ` +
          `${columns.shape[0]} columns. Raise row_num_embed and col_num_embed`,
      );
    return tf.tidy(() => {
      const channels = rows.shape[1];
      const spread = (table: tf.Tensor2D, n: number, shape: [number, number, number, number]) =>
        tf.tile(tf.slice(table, [0, 0], [n, channels]).reshape(shape), [
          batch,
          shape[1] === 1 ? height : 1,
          shape[2] === 1 ? width : 1,
          1,
        ]);
      return tf.concat(
        [spread(columns, width, [1, 1, width, channels]), spread(rows, height, [1, height, 1, channels])],
        3,
      );
    }) as tf.Tensor4D;
  }
}

export const learnedPositionalEncodingDefinition = defineModule({
  kind: 'positional_encoding',
  type: 'LearnedPositionalEncoding',
  summary: 'Learned embedding of every row and every column, concatenated',
  paper: 'Carion et al., DETR, ECCV 2020',
  shapes: 'padding mask [N, H, W] -> [N, H, W, 2 * num_feats]',
  example: "{ type: 'LearnedPositionalEncoding', num_feats: 128 }",
  options,
  build: (given) => new LearnedPositionalEncoding(given),
});
