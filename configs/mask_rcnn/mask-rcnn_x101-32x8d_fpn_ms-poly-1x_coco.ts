import { defineConfig } from '../../src/catalogue/define-config';
import { train_pipeline } from '../_base_/pipelines/ms-poly';

export default defineConfig({
  _base_: './mask-rcnn_r101_fpn_1x_coco',
  model: {
    data_preprocessor: { mean: [103.53, 116.28, 123.675], std: [57.375, 57.12, 58.395], bgr_to_rgb: false },
    backbone: {
      type: 'ResNeXt',
      depth: 101,
      groups: 32,
      base_width: 8,
      num_stages: 4,
      out_indices: [0, 1, 2, 3],
      frozen_stages: 1,
      norm_cfg: { type: 'BN', requires_grad: false },
      style: 'pytorch',
      init_cfg: { type: 'Pretrained', checkpoint: 'open-mmlab://detectron2/resnext101_32x8d' },
    },
  },
  train_pipeline,
  train_dataloader: { dataset: { pipeline: train_pipeline } },
});
