import { defineConfig } from '../../src/catalogue/define-config';
import { model } from '../_base_/backbones/regnetx-3.2gf';

export default defineConfig({
  _base_: [
    '../_base_/models/mask-rcnn_r50_fpn',
    '../_base_/datasets/coco_instance',
    '../_base_/schedules/schedule_1x',
    '../_base_/default_runtime',
  ],
  model,
  optim_wrapper: { optimizer: { type: 'SGD', lr: 0.02, momentum: 0.9, weight_decay: 5e-5 } },
});
