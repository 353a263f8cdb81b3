// A RetinaNet of a few channels on images of 64 x 64 pixels: no random sampling and no batch statistics unless asked for, so that
// several processes compute what one does with the whole batch.

import { type Detector, dataset, detector, type LabDataset, type Recipe } from '../../../src';

const options = {
  'model.backbone.base_channels': 8,
  'model.backbone.init_cfg': null,
  'model.backbone.frozen_stages': -1,
  'model.neck.in_channels': [8, 16, 32, 64],
  'model.neck.out_channels': 16,
  'model.bbox_head.in_channels': 16,
  'model.bbox_head.feat_channels': 16,
  'model.bbox_head.stacked_convs': 1,
  'optim_wrapper.optimizer.lr': 0.02,
  'default_hooks.logger.interval': 1,
};

/** Batch statistics of all processes, in every norm of the backbone. */
export const synced = {
  'model.backbone.norm_cfg': { type: 'SyncBN', requires_grad: true },
  'model.backbone.norm_eval': false,
};

export const narrow = (data: LabDataset, more: Record<string, unknown> = {}): Recipe =>
  detector('retinanet_r18_fpn_1x_coco', { options: { ...options, ...more } })
    .named('narrow')
    .classes(data.classes)
    .imageSize([64, 64]);

/** 20 training images, 5 for validation. */
export const towns = (dir: string): Promise<LabDataset> =>
  dataset.toytown({ images: 25, seed: 3, width: 64, height: 64, valShare: 0.2, dir });

export const quiet = { batch: 4, seed: 1, lr: 0.02, workers: 0, workDir: false, log: () => {} } as const;

/** Weights and running statistics of a model by name. */
export const weightsOf = (model: { detector: Detector }): Map<string, Float32Array> =>
  new Map(
    [...model.detector.stateDict()]
      .filter(([name]) => !name.endsWith('num_batches_tracked'))
      .map(([name, { data }]) => [name, Float32Array.from(data)]),
  );

/** The largest difference of two models' weights. */
export function largestDifference(a: Map<string, Float32Array>, b: Map<string, Float32Array>): number {
  let largest = 0;
  for (const [name, values] of a)
    for (const [i, value] of values.entries()) largest = Math.max(largest, Math.abs(value - b.get(name)![i]));
  return largest;
}
