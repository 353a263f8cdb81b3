// What a dense head is built with.

import { DetLabError } from '../../errors';

export type { DetectionHead } from '../types';

/** @throws DetLabError that says which config is missing for what. */
export function requireCfg<T>(cfg: T | null | undefined, head: string, name: 'train_cfg' | 'test_cfg'): T {
  if (cfg) return cfg;
  const task = name === 'train_cfg' ? 'compute the losses' : 'choose the detections';
  const example =
    name === 'train_cfg'
      ? 'with an assigner'
      : ", for example { nms_pre: 1000, score_thr: 0.05, nms: { type: 'nms', iou_threshold: 0.5 }, max_per_img: 100 }";
  throw new DetLabError(`Cannot ${task} of ${head}: it was built without ${name}. Give ${name} ${example}`);
}
