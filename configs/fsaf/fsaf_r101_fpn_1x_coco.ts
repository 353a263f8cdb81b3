import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: './fsaf_r50_fpn_1x_coco',
  model: { backbone: { depth: 101, init_cfg: { type: 'Pretrained', checkpoint: 'torchvision://resnet101' } } },
});
