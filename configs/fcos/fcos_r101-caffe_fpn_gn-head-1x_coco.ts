import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: './fcos_r50-caffe_fpn_gn-head_1x_coco',
  model: {
    backbone: { depth: 101, init_cfg: { type: 'Pretrained', checkpoint: 'open-mmlab://detectron/resnet101_caffe' } },
  },
});
