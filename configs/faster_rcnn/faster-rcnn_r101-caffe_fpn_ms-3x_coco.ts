import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: './faster-rcnn_r50_fpn_ms-3x_coco',
  model: {
    backbone: {
      depth: 101,
      norm_cfg: { requires_grad: false },
      norm_eval: true,
      style: 'caffe',
      init_cfg: { type: 'Pretrained', checkpoint: 'open-mmlab://detectron2/resnet101_caffe' },
    },
  },
});
