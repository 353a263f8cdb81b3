import type { TransformConfig } from '../../src/catalogue/config-types';
import { defineConfig } from '../../src/catalogue/define-config';
import { resize_or_crop } from '../_base_/pipelines/detr';

const train_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true, with_mask: true },
  { type: 'RandomFlip', prob: 0.5 },
  resize_or_crop,
  { type: 'PackDetInputs' },
];
export default defineConfig({
  _base_: [
    '../_base_/models/mask-rcnn_r50_fpn',
    '../_base_/datasets/coco_instance',
    '../_base_/schedules/schedule_1x',
    '../_base_/default_runtime',
  ],
  custom_imports: { imports: ['mmpretrain.models'], allow_failed_imports: false },
  checkpoint_file:
    'https://download.openmmlab.com/mmclassification/v0/convnext/downstream/convnext-tiny_3rdparty_32xb128-noema_in1k_20220301-795e9634.pth',
  model: {
    backbone: {
      _delete_: true,
      type: 'mmpretrain.ConvNeXt',
      arch: 'tiny',
      out_indices: [0, 1, 2, 3],
      drop_path_rate: 0.4,
      layer_scale_init_value: 1,
      gap_before_final_norm: false,
      init_cfg: {
        type: 'Pretrained',
        checkpoint:
          'https://download.openmmlab.com/mmclassification/v0/convnext/downstream/convnext-tiny_3rdparty_32xb128-noema_in1k_20220301-795e9634.pth',
        prefix: 'backbone.',
      },
    },
    neck: { in_channels: [96, 192, 384, 768] },
  },
  train_pipeline,
  train_dataloader: { dataset: { pipeline: train_pipeline } },
  max_epochs: 36,
  train_cfg: { max_epochs: 36 },
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.001, by_epoch: false, begin: 0, end: 1000 },
    { type: 'MultiStepLR', begin: 0, end: 36, by_epoch: true, milestones: [27, 33], gamma: 0.1 },
  ],
  optim_wrapper: {
    type: 'AmpOptimWrapper',
    constructor: 'LearningRateDecayOptimizerConstructor',
    paramwise_cfg: { decay_rate: 0.95, decay_type: 'layer_wise', num_layers: 6 },
    optimizer: { _delete_: true, type: 'AdamW', lr: 0.0001, betas: [0.9, 0.999], weight_decay: 0.05 },
  },
});
