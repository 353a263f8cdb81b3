import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: 'fcos_r50-caffe_fpn_gn-head_1x_coco',
  train_dataloader: { batch_size: 4, num_workers: 4 },
});
