import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: '../faster_rcnn/faster-rcnn_r50_fpn_1x_coco',
  model: {
    neck: { type: 'PAFPN', in_channels: [256, 512, 1024, 2048], out_channels: 256, num_outs: 5 },
  },
});
