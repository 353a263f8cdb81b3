import { defineConfig } from '../../src/catalogue/define-config';
import { caffe_instead } from '../_base_/backbones/resnet50';
import { train_pipeline } from '../_base_/pipelines/ms';
import { caffe_pixels } from '../_base_/pixels';

export default defineConfig({
  _base_: './faster-rcnn_r50_fpn_1x_coco',
  model: {
    data_preprocessor: caffe_pixels,
    backbone: caffe_instead,
  },
  train_pipeline,
  train_dataloader: { dataset: { pipeline: train_pipeline } },
});
