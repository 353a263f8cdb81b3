import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: [
    '../_base_/models/faster-rcnn_r50_fpn',
    '../_base_/datasets/coco_detection',
    '../_base_/schedules/schedule_2x',
    '../_base_/default_runtime',
  ],
});
