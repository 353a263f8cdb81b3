import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: './rtdetr_r50vd_8xb2-72e_coco',
  model: {
    backbone: {
      depth: 18,
      frozen_stages: -1,
      norm_cfg: { requires_grad: true },
      norm_eval: false,
      init_cfg: {
        type: 'Pretrained',
        checkpoint:
          'https://github.com/flytocc/mmdetection/releases/download/model_zoo/resnet18vd_pretrained_265f1124.pth',
      },
    },
    neck: { in_channels: [128, 256, 512], expansion: 0.5 },
    decoder: { num_layers: 3 },
  },
});
