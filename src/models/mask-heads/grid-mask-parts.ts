// What SOLO's heads select instances from and how, as a program computes it that cannot call them. N images, S x S cells of a level, C
// classes.

import type * as tf from '@tensorflow/tfjs';
import type { GridTestCfg } from './grid-detections';

/** The mask of a cell is its filter on a map. */
export interface FilterMasks {
  /** [S * S, channels], or [N, S * S, channels] where each image has its own. */
  filters: tf.Tensor;
  /** [S * S]. */
  biases?: tf.Tensor1D;
  /** [N, h, w, channels]. */
  map: tf.Tensor4D;
}

/** The mask of a cell is the product of the probabilities of its column and of its row. */
export interface AxisMasks {
  /** Logits [N, h, w, S] of both. */
  columns: tf.Tensor4D;
  rows: tf.Tensor4D;
}

export type LevelMaskTensors = FilterMasks | AxisMasks;

/** By level. */
export interface GridMaskTensors {
  /** Probabilities of the cells [N, S * S, C], 0 beside better neighbours. */
  scores: tf.Tensor3D[];
  masks: LevelMaskTensors[];
}

export interface GridMaskParts {
  classes: number;
  /** Masks of at most so many pixels of the finest map are dropped, by level. */
  minAreas: readonly number[];
  /** Of the finest map, in pixels of the network's input. */
  stride: number;
  cfg: GridTestCfg;
}
