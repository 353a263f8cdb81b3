export default {
  _base_: './yolox_s_8xb8-300e_coco',
  model: {
    backbone: { deepen_factor: 1.0, widen_factor: 1.0 },
    neck: { in_channels: [256, 512, 1024], out_channels: 256, num_csp_blocks: 3 },
    bbox_head: { in_channels: 256, feat_channels: 256 },
  },
};
