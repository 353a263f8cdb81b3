import { defineConfig } from '../../src/catalogue/define-config';

// Caffe's ResNet: BGR images, fixed batch norms, the stride on the first 1x1.
export default defineConfig({
  _base_: './faster-rcnn_r50_fpn_1x_coco',
  model: {
    data_preprocessor: {
      type: 'DetDataPreprocessor',
      mean: [103.53, 116.28, 123.675],
      std: [1.0, 1.0, 1.0],
      bgr_to_rgb: false,
      pad_size_divisor: 32,
    },
    backbone: {
      norm_cfg: { requires_grad: false },
      norm_eval: true,
      style: 'caffe',
      init_cfg: { type: 'Pretrained', checkpoint: 'open-mmlab://detectron2/resnet50_caffe' },
    },
  },
});
