import { defineConfig } from '../../src/catalogue/define-config';
import { fpn_carafe } from '../_base_/models/fpn-carafe';

export default defineConfig({
  _base_: '../mask_rcnn/mask-rcnn_r50_fpn_1x_coco',
  model: {
    data_preprocessor: { pad_size_divisor: 64 },
    neck: fpn_carafe,
    roi_head: {
      mask_head: {
        upsample_cfg: {
          type: 'carafe',
          scale_factor: 2,
          up_kernel: 5,
          up_group: 1,
          encoder_kernel: 3,
          encoder_dilation: 1,
          compressed_channels: 64,
        },
      },
    },
  },
});
