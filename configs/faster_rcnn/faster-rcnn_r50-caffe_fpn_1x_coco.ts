import { defineConfig } from '../../src/catalogue/define-config';
import { caffe_instead } from '../_base_/backbones/resnet50';
import { caffe_pixels } from '../_base_/pixels';

// Caffe's ResNet: BGR images, fixed batch norms, the stride on the first 1x1.
export default defineConfig({
  _base_: './faster-rcnn_r50_fpn_1x_coco',
  model: {
    data_preprocessor: caffe_pixels,
    backbone: caffe_instead,
  },
});
