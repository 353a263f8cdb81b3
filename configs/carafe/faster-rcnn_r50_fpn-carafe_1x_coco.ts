import { defineConfig } from '../../src/catalogue/define-config';
import { fpn_carafe } from '../_base_/models/fpn-carafe';

export default defineConfig({
  _base_: '../faster_rcnn/faster-rcnn_r50_fpn_1x_coco',
  model: {
    data_preprocessor: { pad_size_divisor: 64 },
    neck: fpn_carafe,
  },
});
