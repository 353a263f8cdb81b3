import type { TransformConfig } from '../../src/config-types';
import { defineConfig } from '../../src/define-config';

const train_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true, with_mask: true, poly2mask: false },
  {
    type: 'RandomChoiceResize',
    scales: [
      [1333, 640],
      [1333, 672],
      [1333, 704],
      [1333, 736],
      [1333, 768],
      [1333, 800],
    ],
    keep_ratio: true,
  },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'PackDetInputs' },
];

export default defineConfig({
  _base_: './mask-rcnn_r50_fpn_1x_coco',
  model: {
    data_preprocessor: { mean: [103.53, 116.28, 123.675], std: [1.0, 1.0, 1.0], bgr_to_rgb: false },
    backbone: {
      norm_cfg: { requires_grad: false },
      style: 'caffe',
      init_cfg: { type: 'Pretrained', checkpoint: 'open-mmlab://detectron2/resnet50_caffe' },
    },
  },
  train_pipeline,
  train_dataloader: { dataset: { pipeline: train_pipeline } },
});
