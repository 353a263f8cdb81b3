// A learnt vector for every place of a grid, resized to the map that it is added to.

import * as tf from '@tensorflow/tfjs';
import { Dropout, Module, type Parameter, truncatedNormal } from '../../nn';
import { composite } from '../../ops/composite';
import { interpolate } from '../../ops/interpolate';

export class AbsolutePositionEmbedding extends Module {
  private readonly table: Parameter;
  private readonly drop: Dropout;

  /** @param grid [height, width] of the table */
  constructor(
    private readonly grid: [number, number],
    private readonly channels: number,
    drop: number,
  ) {
    super();
    this.table = this.addParameter('pos_embed', [1, grid[0] * grid[1], channels], truncatedNormal(0.02));
    this.drop = this.addChild('drop', new Dropout({ type: 'Dropout', drop_prob: drop }));
  }

  /** [N, H, W, channels] -> the same shape. */
  forward(map: tf.Tensor4D): tf.Tensor4D {
    const { grid, channels } = this;
    const [, h, w] = map.shape;
    const table = this.table.variable;
    const attrs = { grid, mode: 'bilinear', extra: 0 };
    const positions = composite({ name: 'ResizedPositions', inputs: { map, table }, attrs }, () => {
      const image = table.reshape<tf.Tensor4D>([1, ...grid, channels]);
      return interpolate(image, { size: [h, w], mode: 'bilinear' }).reshape<tf.Tensor3D>([1, h * w, channels]);
    });
    return this.drop.forward(tf.add<tf.Tensor4D>(map, positions.reshape([1, h, w, channels])));
  }
}
