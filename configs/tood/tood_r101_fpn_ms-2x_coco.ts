import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: './tood_r50_fpn_ms-2x_coco',
  model: {
    backbone: { depth: 101, init_cfg: { type: 'Pretrained', checkpoint: 'torchvision://resnet101' } },
  },
});
