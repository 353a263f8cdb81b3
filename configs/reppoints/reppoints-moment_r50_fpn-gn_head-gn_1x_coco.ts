import { defineConfig } from '../../src/catalogue/define-config';

const norm_cfg = { type: 'GN', num_groups: 32, requires_grad: true } as const;
export default defineConfig({
  _base_: './reppoints-moment_r50_fpn_1x_coco',
  norm_cfg,
  model: { neck: { norm_cfg: norm_cfg }, bbox_head: { norm_cfg: norm_cfg } },
});
