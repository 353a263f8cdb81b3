import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: ['../common/ms_3x_coco-instance', '../_base_/models/cascade-mask-rcnn_r50_fpn'],
});
