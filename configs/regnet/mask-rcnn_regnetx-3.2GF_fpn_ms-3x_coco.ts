import { defineConfig } from '../../src/catalogue/define-config';
import { model } from '../_base_/backbones/regnetx-3.2gf';
import { train_pipeline } from '../_base_/pipelines/ms-mask';

const max_epochs = 36;

export default defineConfig({
  _base_: [
    '../_base_/models/mask-rcnn_r50_fpn',
    '../_base_/datasets/coco_instance',
    '../_base_/schedules/schedule_1x',
    '../_base_/default_runtime',
  ],
  model,
  train_pipeline,
  train_dataloader: { dataset: { pipeline: train_pipeline } },
  optim_wrapper: {
    optimizer: { type: 'SGD', lr: 0.02, momentum: 0.9, weight_decay: 5e-5 },
    clip_grad: { max_norm: 35, norm_type: 2 },
  },
  max_epochs,
  train_cfg: { max_epochs },
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.001, by_epoch: false, begin: 0, end: 500 },
    { type: 'MultiStepLR', begin: 0, end: max_epochs, by_epoch: true, milestones: [28, 34], gamma: 0.1 },
  ],
});
