import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: 'mask-rcnn_regnetx-3.2GF_fpn_1x_coco',
  model: {
    backbone: {
      dcn: { type: 'DCNv2', deform_groups: 1, fallback_on_stride: false },
      stage_with_dcn: [false, true, true, true],
      init_cfg: { type: 'Pretrained', checkpoint: 'open-mmlab://regnetx_3.2gf' },
    },
  },
});
