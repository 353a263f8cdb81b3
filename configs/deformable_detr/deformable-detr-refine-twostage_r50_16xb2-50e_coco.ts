import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: './deformable-detr-refine_r50_16xb2-50e_coco',
  model: { as_two_stage: true },
});
