export default {
  _base_: './yolox_tiny_8xb8-300e_coco',
  model: {
    backbone: { deepen_factor: 0.33, widen_factor: 0.25, use_depthwise: true },
    neck: { in_channels: [64, 128, 256], out_channels: 64, num_csp_blocks: 1, use_depthwise: true },
    bbox_head: { in_channels: 64, feat_channels: 64, use_depthwise: true },
  },
};
