import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: [
    '../_base_/models/cascade-rcnn_r50_fpn',
    '../_base_/datasets/coco_detection',
    '../_base_/schedules/schedule_1x',
    '../_base_/default_runtime',
  ],
  model: {
    backbone: { type: 'DetectoRS_ResNet', conv_cfg: { type: 'ConvAWS' }, output_img: true },
    neck: {
      type: 'RFP',
      rfp_steps: 2,
      aspp_out_channels: 64,
      aspp_dilations: [1, 3, 6, 1],
      rfp_backbone: {
        rfp_inplanes: 256,
        type: 'DetectoRS_ResNet',
        depth: 50,
        num_stages: 4,
        out_indices: [0, 1, 2, 3],
        frozen_stages: 1,
        norm_cfg: { type: 'BN', requires_grad: true },
        norm_eval: true,
        conv_cfg: { type: 'ConvAWS' },
        pretrained: 'torchvision://resnet50',
        style: 'pytorch',
      },
    },
  },
});
