import { defineConfig } from '../../src/catalogue/define-config';

const conv_cfg = { type: 'ConvWS' } as const;
const norm_cfg = { type: 'GN', num_groups: 32, requires_grad: true } as const;

export default defineConfig({
  _base_: '../faster_rcnn/faster-rcnn_r50_fpn_1x_coco',
  conv_cfg,
  norm_cfg,
  model: {
    backbone: { conv_cfg, norm_cfg, init_cfg: { type: 'Pretrained', checkpoint: 'open-mmlab://jhu/resnet50_gn_ws' } },
    neck: { conv_cfg, norm_cfg },
    roi_head: { bbox_head: { type: 'Shared4Conv1FCBBoxHead', conv_out_channels: 256, conv_cfg, norm_cfg } },
  },
});
