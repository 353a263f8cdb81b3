import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: './deformable-detr_r50_16xb2-50e_coco',
  model: { with_box_refine: true },
});
