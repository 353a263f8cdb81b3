import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: '../dino/dino-4scale_r50_8xb2-12e_coco',
  model: {
    type: 'DDQDETR',
    // dense queries in training, as a multiple of num_queries
    dense_topk_ratio: 1.5,
    bbox_head: { type: 'DDQDETRHead' },
    dqs_cfg: { type: 'nms', iou_threshold: 0.8 },
  },
  optim_wrapper: { optimizer: { lr: 0.0002, weight_decay: 0.05 } },
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.0001, by_epoch: false, begin: 0, end: 2000 },
    { type: 'MultiStepLR', begin: 0, end: 12, by_epoch: true, milestones: [11], gamma: 0.1 },
  ],
});
