import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: [
    '../_base_/models/mask-rcnn_r50-caffe-c4',
    '../_base_/datasets/coco_instance',
    '../_base_/schedules/schedule_1x',
    '../_base_/default_runtime',
  ],
});
