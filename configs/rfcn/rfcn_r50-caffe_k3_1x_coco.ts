import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: './rfcn_r50-caffe_1x_coco',
  model: { roi_head: { bbox_roi_extractor: { roi_layer: { output_size: 3 } } } },
});
