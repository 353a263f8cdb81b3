import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: './fcos_hrnetv2p-w32-gn-head_ms-640-800-4xb4-2x_coco',
  model: {
    backbone: {
      type: 'HRNet',
      extra: {
        stage2: { num_channels: [40, 80] },
        stage3: { num_channels: [40, 80, 160] },
        stage4: { num_channels: [40, 80, 160, 320] },
      },
      init_cfg: { type: 'Pretrained', checkpoint: 'open-mmlab://msra/hrnetv2_w40' },
    },
    neck: { type: 'HRFPN', in_channels: [40, 80, 160, 320], out_channels: 256 },
  },
});
