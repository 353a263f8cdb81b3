import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: './bytetrack_yolox_x_8xb4-80e_crowdhuman-mot17halftrain_test-mot17halfval',
  val_cfg: { fp16: true },
  test_cfg: { fp16: true },
  optim_wrapper: { type: 'AmpOptimWrapper', loss_scale: 'dynamic' },
});
