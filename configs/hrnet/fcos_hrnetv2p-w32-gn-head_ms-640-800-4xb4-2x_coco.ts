import { defineConfig } from '../../src/catalogue/define-config';
import { train_pipeline } from '../_base_/pipelines/ms-640-800';

const max_epochs = 24;

export default defineConfig({
  _base_: './fcos_hrnetv2p-w32-gn-head_4xb4-1x_coco',
  model: { data_preprocessor: { mean: [103.53, 116.28, 123.675], std: [57.375, 57.12, 58.395], bgr_to_rgb: false } },
  train_pipeline,
  train_dataloader: { dataset: { pipeline: train_pipeline } },
  max_epochs,
  train_cfg: { max_epochs },
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.001, by_epoch: false, begin: 0, end: 500 },
    { type: 'MultiStepLR', begin: 0, end: max_epochs, by_epoch: true, milestones: [16, 22], gamma: 0.1 },
  ],
});
