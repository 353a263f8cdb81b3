import { defineConfig } from '../../src/catalogue/define-config';
import fpg from '../_base_/necks/fpg';

export default defineConfig({
  _base_: '../nas_fpn/retinanet_r50_nasfpn_crop640-50e_coco',
  norm_cfg: fpg.norm_cfg,
  model: { neck: { _delete_: true, ...fpg, add_extra_convs: true, start_level: 1 } },
  train_cfg: { val_interval: 2 },
});
