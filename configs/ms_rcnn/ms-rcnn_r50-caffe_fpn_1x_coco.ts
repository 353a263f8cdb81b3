import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: '../mask_rcnn/mask-rcnn_r50-caffe_fpn_1x_coco',
  model: {
    type: 'MaskScoringRCNN',
    roi_head: {
      type: 'MaskScoringRoIHead',
      mask_iou_head: {
        type: 'MaskIoUHead',
        num_convs: 4,
        num_fcs: 2,
        roi_feat_size: 14,
        in_channels: 256,
        conv_out_channels: 256,
        fc_out_channels: 1024,
        num_classes: 80,
      },
    },
    train_cfg: { rcnn: { mask_thr_binary: 0.5 } },
  },
});
