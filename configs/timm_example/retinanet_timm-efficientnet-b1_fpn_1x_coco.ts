import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: [
    '../_base_/models/retinanet_r50_fpn',
    '../_base_/datasets/coco_detection',
    '../_base_/schedules/schedule_1x',
    '../_base_/default_runtime',
  ],
  custom_imports: { imports: ['mmpretrain.models'], allow_failed_imports: false },
  model: {
    backbone: {
      _delete_: true,
      type: 'mmpretrain.TIMMBackbone',
      model_name: 'efficientnet_b1',
      features_only: true,
      pretrained: true,
      out_indices: [1, 2, 3, 4],
    },
    neck: { in_channels: [24, 40, 112, 320] },
  },
  optim_wrapper: { optimizer: { lr: 0.01 } },
});
