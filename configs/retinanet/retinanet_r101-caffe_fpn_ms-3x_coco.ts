import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: './retinanet_r50-caffe_fpn_ms-3x_coco',
  model: {
    backbone: { depth: 101, init_cfg: { type: 'Pretrained', checkpoint: 'open-mmlab://detectron2/resnet101_caffe' } },
  },
});
