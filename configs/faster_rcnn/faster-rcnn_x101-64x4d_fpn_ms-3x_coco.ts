import { defineConfig } from '../../src/catalogue/define-config';
import resnext101 from '../_base_/backbones/resnext101';

export default defineConfig({
  _base_: ['../common/ms_3x_coco', '../_base_/models/faster-rcnn_r50_fpn'],
  model: { backbone: resnext101.x64x4d },
});
