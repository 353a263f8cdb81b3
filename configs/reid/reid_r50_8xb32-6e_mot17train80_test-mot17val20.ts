import { defineConfig } from '../../src/catalogue/define-config';
import reid from '../_base_/models/reid_r50';

export default defineConfig({
  _base_: ['../_base_/datasets/mot_challenge_reid', '../_base_/default_runtime'],
  model: {
    ...reid,
    data_preprocessor: {
      type: 'ReIDDataPreprocessor',
      mean: [123.675, 116.28, 103.53],
      std: [58.395, 57.12, 57.375],
      to_rgb: true,
    },
    init_cfg: {
      type: 'Pretrained',
      checkpoint:
        'https://download.openmmlab.com/mmclassification/v0/resnet/resnet50_batch256_imagenet_20200708-cfb998bf.pth',
    },
  },
  optim_wrapper: {
    type: 'OptimWrapper',
    clip_grad: null,
    optimizer: { type: 'SGD', lr: 0.1, momentum: 0.9, weight_decay: 0.0001 },
  },
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.001, by_epoch: false, begin: 0, end: 1000 },
    { type: 'MultiStepLR', begin: 0, end: 6, by_epoch: true, milestones: [5], gamma: 0.1 },
  ],
  train_cfg: { type: 'EpochBasedTrainLoop', max_epochs: 6, val_interval: 1 },
  val_cfg: { type: 'ValLoop' },
  test_cfg: { type: 'TestLoop' },
});
