import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: './cascade-rcnn_r50_fpn_20e_coco',
  model: { backbone: { depth: 101, init_cfg: { type: 'Pretrained', checkpoint: 'torchvision://resnet101' } } },
});
