import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: './fcos_r50-caffe_fpn_gn-head_1x_coco',
  model: { bbox_head: { center_sampling: true, center_sample_radius: 1.5 } },
});
