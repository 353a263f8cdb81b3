import { defineConfig } from '../../src/catalogue/define-config';
import resnext101 from '../_base_/backbones/resnext101';

export default defineConfig({
  _base_: './rpn_r50_fpn_1x_coco',
  model: { backbone: resnext101.x64x4d },
});
