import { defineConfig } from '../../src/catalogue/define-config';

const checkpoint = 'https://download.pytorch.org/models/resnet50-11ad3fa6.pth';

export default defineConfig({
  _base_: [
    '../_base_/models/faster-rcnn_r50_fpn',
    '../_base_/datasets/coco_detection',
    '../_base_/schedules/schedule_1x',
    '../_base_/default_runtime',
  ],
  checkpoint,
  model: { backbone: { init_cfg: { type: 'Pretrained', checkpoint } } },
  optim_wrapper: {
    optimizer: { _delete_: true, type: 'AdamW', lr: 0.0001, weight_decay: 0.1 },
    paramwise_cfg: { norm_decay_mult: 0, bypass_duplicate: true },
  },
});
