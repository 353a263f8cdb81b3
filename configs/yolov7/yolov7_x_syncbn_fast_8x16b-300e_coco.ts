export default {
  _base_: './yolov7_l_syncbn_fast_8x16b-300e_coco',
  model: {
    backbone: { arch: 'X' },
    neck: {
      block_cfg: { middle_ratio: 0.4, block_ratio: 0.4, num_blocks: 3, num_convs_in_block: 2 },
      in_channels: [640, 1280, 1280],
      out_channels: [160, 320, 640],
      use_repconv_outs: false,
    },
    bbox_head: { head_module: { in_channels: [320, 640, 1280] } },
  },
};
