import { defineConfig } from '../../src/catalogue/define-config';
import resnext101 from '../_base_/backbones/resnext101';

export default defineConfig({
  _base_: './cascade-mask-rcnn_r50_fpn_ms-3x_coco',
  model: {
    data_preprocessor: { type: 'DetDataPreprocessor', ...resnext101.pixels32x8d, pad_size_divisor: 32 },
    backbone: resnext101.x32x8d,
  },
});
