import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: [
    '../_base_/models/retinanet_r50_fpn',
    '../_base_/datasets/coco_detection',
    '../_base_/schedules/schedule_1x',
    '../_base_/default_runtime',
  ],
  train_dataloader: { batch_size: 8 },
  model: {
    backbone: { depth: 18, init_cfg: { type: 'Pretrained', checkpoint: 'torchvision://resnet18' } },
    neck: { in_channels: [64, 128, 256, 512] },
  },
  optim_wrapper: { optimizer: { type: 'SGD', lr: 0.005, momentum: 0.9, weight_decay: 0.0001 } },
});
