// A real Faster R-CNN, small enough to train for a few iterations in a test, and its dataset of generated scenes.

import { dataset, detector, type LabDataset } from '../../src';
import { smallOptions } from './small-options';

export const small = () => detector('faster-rcnn_r18_fpn_toytown', { options: smallOptions });

/** 12 training and 3 validation images under `dir`. */
export const scenes = (dir: string): Promise<LabDataset> =>
  dataset.toytown({ images: 15, seed: 3, width: 96, height: 64, dir });

/** What `fit` is given in most tests. */
export const quick = { epochs: 2, workDir: false, log: () => {} } as const;
