import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: './fast-rcnn_r50-caffe_fpn_1x_coco',
  model: {
    backbone: { depth: 101, init_cfg: { type: 'Pretrained', checkpoint: 'open-mmlab://detectron2/resnet101_caffe' } },
  },
});
