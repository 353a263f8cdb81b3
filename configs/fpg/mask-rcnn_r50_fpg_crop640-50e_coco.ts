import { defineConfig } from '../../src/catalogue/define-config';
import fpg from '../_base_/necks/fpg';

export default defineConfig({
  _base_: './mask-rcnn_r50_fpn_crop640-50e_coco',
  norm_cfg: fpg.norm_cfg,
  model: { neck: fpg },
});
