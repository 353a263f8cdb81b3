import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: ['../_base_/models/retinanet_r50_fpn', '../common/ms_3x_coco'],
  model: { backbone: { depth: 101, init_cfg: { type: 'Pretrained', checkpoint: 'torchvision://resnet101' } } },
  optim_wrapper: { optimizer: { type: 'SGD', lr: 0.01, momentum: 0.9, weight_decay: 0.0001 } },
});
