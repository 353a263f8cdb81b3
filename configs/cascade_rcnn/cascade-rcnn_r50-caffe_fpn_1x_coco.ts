import { defineConfig } from '../../src/catalogue/define-config';
import { caffe_pixels } from '../_base_/pixels';

export default defineConfig({
  _base_: './cascade-rcnn_r50_fpn_1x_coco',
  model: {
    data_preprocessor: caffe_pixels,
    backbone: {
      norm_cfg: { requires_grad: false },
      style: 'caffe',
      init_cfg: { type: 'Pretrained', checkpoint: 'open-mmlab://detectron2/resnet50_caffe' },
    },
  },
});
