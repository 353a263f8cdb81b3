import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: ['../common/ms-poly_3x_coco-instance', '../_base_/models/mask-rcnn_r50_fpn'],
  model: { backbone: { depth: 101, init_cfg: { type: 'Pretrained', checkpoint: 'torchvision://resnet101' } } },
});
