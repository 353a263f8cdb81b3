import { defineConfig } from '../../src/catalogue/define-config';

const norm_cfg = { type: 'GN', num_groups: 32, requires_grad: true } as const;
const max_epochs = 24;

export default defineConfig({
  _base_: '../mask_rcnn/mask-rcnn_r50_fpn_1x_coco',
  norm_cfg,
  model: {
    data_preprocessor: { mean: [103.53, 116.28, 123.675], std: [1, 1, 1], bgr_to_rgb: false },
    backbone: { norm_cfg, init_cfg: { type: 'Pretrained', checkpoint: 'open-mmlab://detectron/resnet50_gn' } },
    neck: { norm_cfg },
    roi_head: {
      bbox_head: { type: 'Shared4Conv1FCBBoxHead', conv_out_channels: 256, norm_cfg },
      mask_head: { norm_cfg },
    },
  },
  max_epochs,
  train_cfg: { max_epochs },
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.001, by_epoch: false, begin: 0, end: 500 },
    { type: 'MultiStepLR', begin: 0, end: max_epochs, by_epoch: true, milestones: [16, 22], gamma: 0.1 },
  ],
});
