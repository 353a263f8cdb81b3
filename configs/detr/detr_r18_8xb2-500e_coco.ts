import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: './detr_r50_8xb2-500e_coco',
  model: {
    backbone: { depth: 18, init_cfg: { type: 'Pretrained', checkpoint: 'torchvision://resnet18' } },
    neck: { in_channels: [512] },
  },
});
