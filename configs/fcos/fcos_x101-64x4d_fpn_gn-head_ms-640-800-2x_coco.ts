import { defineConfig } from '../../src/catalogue/define-config';
import { train_pipeline } from '../_base_/pipelines/ms-640-800';
import { torchvision_pixels } from '../_base_/pixels';

const max_epochs = 24;

export default defineConfig({
  _base_: './fcos_r50-caffe_fpn_gn-head_1x_coco',
  model: {
    data_preprocessor: torchvision_pixels,
    backbone: {
      type: 'ResNeXt',
      depth: 101,
      groups: 64,
      base_width: 4,
      num_stages: 4,
      out_indices: [0, 1, 2, 3],
      frozen_stages: 1,
      norm_cfg: { type: 'BN', requires_grad: true },
      norm_eval: true,
      style: 'pytorch',
      init_cfg: { type: 'Pretrained', checkpoint: 'open-mmlab://resnext101_64x4d' },
    },
  },
  train_pipeline,
  train_dataloader: { dataset: { pipeline: train_pipeline } },
  max_epochs,
  train_cfg: { max_epochs },
  param_scheduler: [
    { type: 'ConstantLR', factor: 0.3333333333333333, by_epoch: false, begin: 0, end: 500 },
    { type: 'MultiStepLR', begin: 0, end: max_epochs, by_epoch: true, milestones: [16, 22], gamma: 0.1 },
  ],
});
