import { defineConfig } from '../../src/catalogue/define-config';

const checkpoint =
  'https://download.openmmlab.com/mmclassification/v0/resnet/resnet50_8xb256-rsb-a1-600e_in1k_20211228-20e21305.pth';

export default defineConfig({
  _base_: [
    '../_base_/models/faster-rcnn_r50_fpn',
    '../_base_/datasets/coco_detection',
    '../_base_/schedules/schedule_1x',
    '../_base_/default_runtime',
  ],
  checkpoint,
  model: { backbone: { init_cfg: { type: 'Pretrained', prefix: 'backbone.', checkpoint } } },
  optim_wrapper: {
    optimizer: { _delete_: true, type: 'AdamW', lr: 0.0002, weight_decay: 0.05 },
    paramwise_cfg: { norm_decay_mult: 0, bypass_duplicate: true },
  },
});
