import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: [
    '../_base_/models/cascade-mask-rcnn_r50_fpn',
    '../_base_/datasets/coco_instance',
    '../_base_/schedules/schedule_1x',
    '../_base_/default_runtime',
  ],
});
