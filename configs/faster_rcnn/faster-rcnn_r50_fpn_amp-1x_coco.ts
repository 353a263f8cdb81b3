import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({ _base_: './faster-rcnn_r50_fpn_1x_coco', optim_wrapper: { type: 'AmpOptimWrapper' } });
