import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: './retinanet_r50_fpg_crop640_50e_coco',
  model: { neck: { out_channels: 128, inter_channels: 128 }, bbox_head: { in_channels: 128 } },
});
