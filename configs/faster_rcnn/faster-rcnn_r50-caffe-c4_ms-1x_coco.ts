import { defineConfig } from '../../src/catalogue/define-config';
import { train_pipeline } from '../_base_/pipelines/ms';

export default defineConfig({
  _base_: './faster-rcnn_r50-caffe_c4-1x_coco',
  train_pipeline,
  train_dataloader: { dataset: { pipeline: train_pipeline } },
});
