import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: ['./dino-4scale_r50_8xb2-12e_coco'],
  model: {
    backbone: { frozen_stages: -1 },
    bbox_head: { loss_cls: { loss_weight: 2 } },
    positional_encoding: { offset: -0.5, temperature: 10000 },
    dn_cfg: { group_cfg: { num_dn_queries: 300 } },
  },
  optim_wrapper: {
    optimizer: { lr: 0.0002 },
    paramwise_cfg: {
      custom_keys: {
        backbone: { lr_mult: 0.1 },
        sampling_offsets: { lr_mult: 0.1 },
        reference_points: { lr_mult: 0.1 },
      },
    },
  },
});
