import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: './retinanet_r50_fpn_crop640-50e_coco',
  model: {
    // maps of a multiple of 128 meet at all levels of NAS-FPN
    data_preprocessor: { pad_size_divisor: 128 },
    neck: {
      _delete_: true,
      type: 'NASFPN',
      in_channels: [256, 512, 1024, 2048],
      out_channels: 256,
      num_outs: 5,
      stack_times: 7,
      start_level: 1,
      norm_cfg: { type: 'BN', requires_grad: true },
    },
  },
});
