import { defineConfig } from '../../src/define-config';

export default defineConfig({
  _base_: '../mask_rcnn/mask-rcnn_r50_fpn_1x_coco',
  model: {
    data_preprocessor: { pad_size_divisor: 64 },
    neck: {
      type: 'FPN_CARAFE',
      in_channels: [256, 512, 1024, 2048],
      out_channels: 256,
      num_outs: 5,
      start_level: 0,
      end_level: -1,
      norm_cfg: null,
      act_cfg: null,
      order: ['conv', 'norm', 'act'],
      upsample_cfg: {
        type: 'carafe',
        up_kernel: 5,
        up_group: 1,
        encoder_kernel: 3,
        encoder_dilation: 1,
        compressed_channels: 64,
      },
    },
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
