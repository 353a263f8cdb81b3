import { defineConfig } from '../../src/catalogue/define-config';
import { caffe_instead } from '../_base_/backbones/resnet50';

export default defineConfig({
  _base_: './cascade-mask-rcnn_r50_fpn_1x_coco',
  model: {
    data_preprocessor: { mean: [103.53, 116.28, 123.675], std: [1.0, 1.0, 1.0], bgr_to_rgb: false },
    backbone: caffe_instead,
  },
});
