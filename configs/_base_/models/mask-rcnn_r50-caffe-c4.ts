import { defineConfig } from '../../../src/catalogue/define-config';

export default defineConfig({
  _base_: './faster-rcnn_r50-caffe-c4',
  model: {
    type: 'MaskRCNN',
    data_preprocessor: { pad_mask: true },
    roi_head: {
      shared_head: {
        _delete_: true,
        type: 'ResLayer',
        depth: 50,
        stage: 3,
        stride: 2,
        dilation: 1,
        style: 'caffe',
        norm_cfg: { type: 'BN', requires_grad: false },
        norm_eval: true,
      },
      mask_roi_extractor: null,
      mask_head: {
        type: 'FCNMaskHead',
        num_convs: 0,
        in_channels: 2048,
        conv_out_channels: 256,
        num_classes: 80,
        loss_mask: { type: 'CrossEntropyLoss', use_mask: true, loss_weight: 1 },
      },
    },
    train_cfg: { rpn: { allowed_border: 0 }, rcnn: { mask_size: 14 } },
    test_cfg: { rcnn: { mask_thr_binary: 0.5 } },
  },
});
