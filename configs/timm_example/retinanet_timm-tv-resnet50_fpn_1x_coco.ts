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
      model_name: 'tv_resnet50', // ResNet-50 with torchvision's weights
      features_only: true,
      pretrained: true,
      out_indices: [1, 2, 3, 4],
    },
  },
  optim_wrapper: { optimizer: { lr: 0.01 } },
});
