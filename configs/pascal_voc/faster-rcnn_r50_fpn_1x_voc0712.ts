import { defineConfig } from '../../src/catalogue/define-config';

const max_epochs = 4;

// Four epochs of a data set repeated three times are twelve: the 1x schedule.
export default defineConfig({
  _base_: ['../_base_/models/faster-rcnn_r50_fpn', '../_base_/datasets/voc0712', '../_base_/default_runtime'],
  model: { roi_head: { bbox_head: { num_classes: 20 } } },
  max_epochs,
  train_cfg: { type: 'EpochBasedTrainLoop', max_epochs, val_interval: 1 },
  val_cfg: { type: 'ValLoop' },
  test_cfg: { type: 'TestLoop' },
  param_scheduler: [{ type: 'MultiStepLR', begin: 0, end: max_epochs, by_epoch: true, milestones: [3], gamma: 0.1 }],
  optim_wrapper: {
    type: 'OptimWrapper',
    optimizer: { type: 'SGD', lr: 0.01, momentum: 0.9, weight_decay: 0.0001 },
  },
  auto_scale_lr: { enable: false, base_batch_size: 16 },
});
