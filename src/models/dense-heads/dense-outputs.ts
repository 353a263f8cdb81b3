// What a dense head predicts for a batch: maps of each level by name, and tables of all levels once they are asked for.
// N images, H and W of a level, A priors per cell, T priors over all levels, K numbers per prior.

import type * as tf from '@tensorflow/tfjs';
import type { Size } from '../task-modules';
import { featmapSizes, flattenLevels } from './flatten-levels';

/** By name, the maps [N, H, W, A * K] of each level. */
export type LevelMaps<M extends string> = Record<M, tf.Tensor4D[]>;

export class DenseOutputs<M extends string> {
  /** [H, W] of each level. */
  readonly sizes: Size[];
  /** Priors [N, T, 4] of heads that move them image by image; without gradient. */
  priors?: tf.Tensor3D;
  private readonly tables = new Map<string, tf.Tensor3D>();

  /** @param columns K of each map */
  constructor(
    readonly maps: LevelMaps<M>,
    private readonly columns: Readonly<Record<string, number>>,
  ) {
    const [levels] = Object.values<tf.Tensor4D[]>(maps);
    this.sizes = featmapSizes(levels);
  }

  /** All levels [N, T, K] of one map, float32. */
  flat(name: M): tf.Tensor3D {
    return this.once(name, () => flattenLevels(this.maps[name], this.columns[name]));
  }

  /** What is computed from the outputs, such as decoded boxes, at the first call alone. */
  once(name: string, compute: () => tf.Tensor3D): tf.Tensor3D {
    let table = this.tables.get(name);
    if (!table) this.tables.set(name, (table = compute()));
    return table;
  }
}
