import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: './mask-rcnn_r50_fpn_gn-all_2x_coco',
  model: {
    backbone: { depth: 101, init_cfg: { type: 'Pretrained', checkpoint: 'open-mmlab://detectron/resnet101_gn' } },
  },
});
