import type { TransformConfig } from '../../src/catalogue/config-types';
import { defineConfig } from '../../src/catalogue/define-config';
import { resize_or_crop } from '../_base_/pipelines/detr';
import { model } from './mask-rcnn_swin-t-p4-w7_fpn_1x_coco';

const pretrained =
  'https://github.com/SwinTransformer/storage/releases/download/v1.0.0/swin_tiny_patch4_window7_224.pth';
const train_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true, with_mask: true },
  { type: 'RandomFlip', prob: 0.5 },
  resize_or_crop,
  { type: 'PackDetInputs' },
];
const max_epochs = 36;

export default defineConfig({
  _base_: [
    '../_base_/models/mask-rcnn_r50_fpn',
    '../_base_/datasets/coco_instance',
    '../_base_/schedules/schedule_1x',
    '../_base_/default_runtime',
  ],
  pretrained,
  model,
  train_pipeline,
  train_dataloader: { dataset: { pipeline: train_pipeline } },
  max_epochs,
  train_cfg: { max_epochs },
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.001, by_epoch: false, begin: 0, end: 1000 },
    { type: 'MultiStepLR', begin: 0, end: max_epochs, by_epoch: true, milestones: [27, 33], gamma: 0.1 },
  ],
  optim_wrapper: {
    type: 'OptimWrapper',
    paramwise_cfg: {
      custom_keys: {
        absolute_pos_embed: { decay_mult: 0 },
        relative_position_bias_table: { decay_mult: 0 },
        norm: { decay_mult: 0 },
      },
    },
    optimizer: { _delete_: true, type: 'AdamW', lr: 0.0001, betas: [0.9, 0.999], weight_decay: 0.05 },
  },
});
