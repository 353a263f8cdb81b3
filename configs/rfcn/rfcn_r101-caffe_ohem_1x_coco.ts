import { defineConfig } from '../../src/catalogue/define-config';

// of 300 regions the 128 that are hardest learn, as in the paper
export default defineConfig({
  _base_: './rfcn_r50-caffe_1x_coco',
  model: {
    backbone: {
      depth: 101,
      init_cfg: { type: 'Pretrained', checkpoint: 'open-mmlab://detectron2/resnet101_caffe' },
    },
    train_cfg: {
      rpn_proposal: { nms_pre: 6000, max_per_img: 300 },
      rcnn: { sampler: { type: 'OHEMSampler', num: 128 } },
    },
  },
});
