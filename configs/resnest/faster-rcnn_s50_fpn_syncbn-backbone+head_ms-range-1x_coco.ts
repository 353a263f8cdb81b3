import type { TransformConfig } from '../../src/catalogue/config-types';
import { defineConfig } from '../../src/catalogue/define-config';

const norm_cfg = { type: 'SyncBN', requires_grad: true } as const;
const train_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true },
  {
    type: 'RandomResize',
    scale: [
      [1333, 640],
      [1333, 800],
    ],
    keep_ratio: true,
  },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'PackDetInputs' },
];
export default defineConfig({
  _base_: '../faster_rcnn/faster-rcnn_r50_fpn_1x_coco',
  norm_cfg,
  model: {
    data_preprocessor: { mean: [123.68, 116.779, 103.939], std: [58.393, 57.12, 57.375], bgr_to_rgb: true },
    backbone: {
      type: 'ResNeSt',
      stem_channels: 64,
      depth: 50,
      radix: 2,
      reduction_factor: 4,
      avg_down_stride: true,
      num_stages: 4,
      out_indices: [0, 1, 2, 3],
      frozen_stages: 1,
      norm_cfg: norm_cfg,
      norm_eval: false,
      style: 'pytorch',
      init_cfg: { type: 'Pretrained', checkpoint: 'open-mmlab://resnest50' },
    },
    roi_head: { bbox_head: { type: 'Shared4Conv1FCBBoxHead', conv_out_channels: 256, norm_cfg: norm_cfg } },
  },
  train_pipeline,
  train_dataloader: { dataset: { pipeline: train_pipeline } },
});
