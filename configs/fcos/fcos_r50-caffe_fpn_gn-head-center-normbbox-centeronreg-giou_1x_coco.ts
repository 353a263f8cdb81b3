import { defineConfig } from '../../src/catalogue/define-config';
import { caffe_pixels } from '../_base_/pixels';

export default defineConfig({
  _base_: './fcos_r50-caffe_fpn_gn-head_1x_coco',
  model: {
    data_preprocessor: caffe_pixels,
    backbone: { init_cfg: { type: 'Pretrained', checkpoint: 'open-mmlab://detectron2/resnet50_caffe' } },
    bbox_head: {
      norm_on_bbox: true,
      centerness_on_reg: true,
      dcn_on_last_conv: false,
      center_sampling: true,
      conv_bias: true,
      loss_bbox: { type: 'GIoULoss', loss_weight: 1.0 },
    },
    test_cfg: { nms: { type: 'nms', iou_threshold: 0.6 } },
  },
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.3333333333333333, by_epoch: false, begin: 0, end: 500 },
    { type: 'MultiStepLR', begin: 0, end: 12, by_epoch: true, milestones: [8, 11], gamma: 0.1 },
  ],
  optim_wrapper: { clip_grad: null },
});
