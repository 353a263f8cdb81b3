export default {
  _base_: './yolox_s_8xb8-300e_coco',
  model: {
    backbone: { deepen_factor: 1.33, widen_factor: 1.25 },
    neck: { in_channels: [320, 640, 1280], out_channels: 320, num_csp_blocks: 4 },
    bbox_head: { in_channels: 320, feat_channels: 320 },
  },
};
