// The configs a detector passes down to its heads: train_cfg for losses, test_cfg for predictions.

import { DetLabError } from '../errors';

const EXAMPLES = {
  train_cfg: "{ assigner: { type: 'MaxIoUAssigner', pos_iou_thr: 0.5, neg_iou_thr: 0.4 } }",
  test_cfg: "{ nms_pre: 1000, score_thr: 0.05, nms: { type: 'nms', iou_threshold: 0.5 }, max_per_img: 100 }",
};

/**
 * The config, if the module was built with one.
 *
 * @throws DetLabError naming the module and an example of what is missing
 */
export function requireCfg<T>(
  cfg: T | null | undefined,
  owner: string,
  name: 'train_cfg' | 'test_cfg' | `test_cfg.${string}`,
  example: string = EXAMPLES[name === 'train_cfg' ? name : 'test_cfg'],
): T {
  if (cfg) return cfg;
  const task = name === 'train_cfg' ? 'compute the losses of' : 'predict with';
  throw new DetLabError(`Cannot ${task} ${owner}: it was built without ${name}. Give ${name}, for example ${example}`);
}
