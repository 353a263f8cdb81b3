import { defineConfig } from '../../src/catalogue/define-config';
import { train_pipeline } from '../_base_/pipelines/ms-poly';

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
