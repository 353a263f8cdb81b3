import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: './faster-rcnn_hrnetv2p-w32-1x_coco',
  model: {
    backbone: {
      extra: {
        stage2: { num_channels: [18, 36] },
        stage3: { num_channels: [18, 36, 72] },
        stage4: { num_channels: [18, 36, 72, 144] },
      },
      init_cfg: { type: 'Pretrained', checkpoint: 'open-mmlab://msra/hrnetv2_w18' },
    },
    neck: { type: 'HRFPN', in_channels: [18, 36, 72, 144], out_channels: 256 },
  },
});
