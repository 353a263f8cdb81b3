import { defineConfig } from '../../src/catalogue/define-config';

// For 8 GPUs with 1 image each; 8 epochs of a data set repeated 8 times are 64.
export default defineConfig({
  _base_: [
    '../_base_/models/faster-rcnn_r50_fpn',
    '../_base_/datasets/cityscapes_detection',
    '../_base_/default_runtime',
    '../_base_/schedules/schedule_1x',
  ],
  model: {
    backbone: { init_cfg: null },
    roi_head: { bbox_head: { num_classes: 8, loss_bbox: { type: 'SmoothL1Loss', beta: 1.0, loss_weight: 1.0 } } },
  },
  optim_wrapper: { optimizer: { lr: 0.01 } },
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.001, by_epoch: false, begin: 0, end: 500 },
    { type: 'MultiStepLR', begin: 0, end: 8, by_epoch: true, milestones: [7], gamma: 0.1 },
  ],
  train_cfg: { max_epochs: 8 },
  load_from:
    'https://download.openmmlab.com/mmdetection/v2.0/faster_rcnn/faster_rcnn_r50_fpn_1x_coco/faster_rcnn_r50_fpn_1x_coco_20200130-047c8118.pth',
});
