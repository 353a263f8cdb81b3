import { defineConfig } from '../../../src/catalogue/define-config';

// A small Faster R-CNN for small images, trained from random weights: batch norm learns, nothing is frozen.
export default defineConfig({
  _base_: './faster-rcnn_r50_fpn',
  model: {
    backbone: { depth: 18, frozen_stages: -1, norm_eval: false, init_cfg: null },
    // without in_channels: they come from the backbone
    neck: { _delete_: true, type: 'FPN', out_channels: 256, num_outs: 5 },
    roi_head: { bbox_head: { num_classes: 3 } },
    train_cfg: {
      rpn_proposal: { nms_pre: 1000, max_per_img: 500 },
      rcnn: { sampler: { num: 128 } },
    },
  },
});
