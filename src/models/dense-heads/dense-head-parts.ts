// What a dense head is built of, and one image as its assignment sees it.

import type { ModuleConfig } from '../../catalogue/registry';
import type { Assigner, BoxCoder, PriorGenerator, Size } from '../task-modules';
import type { DetBatch, LossContext } from '../types';
import type { SuppressionCfg } from './decode-detections';

export interface DenseHeadConfig {
  num_classes: number;
  train_cfg?: { assigner?: ModuleConfig; sampler?: ModuleConfig } | null;
  test_cfg?: SuppressionCfg | null;
}

export interface DenseHeadParts {
  priors: PriorGenerator;
  coder: BoxCoder;
  /** For heads with a fixed rule, in place of the assigner and sampler of `train_cfg`. */
  assigner?: Assigner;
}

/** One image of a training batch. */
export interface AssignImage {
  batch: DetBatch;
  /** Of the image in the batch. */
  index: number;
  /** [H, W] of each level. */
  sizes: Size[];
  context: LossContext;
  /** Its priors [T, 4], where they are not those of the grid. */
  priors?: Float32Array;
}
