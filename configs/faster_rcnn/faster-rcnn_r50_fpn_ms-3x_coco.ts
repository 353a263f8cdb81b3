import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({ _base_: ['../common/ms_3x_coco', '../_base_/models/faster-rcnn_r50_fpn'] });
