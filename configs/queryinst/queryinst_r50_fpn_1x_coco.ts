import type { ConfigOf, SamplerConfig } from '../../src/catalogue/config-types';
import { defineConfig } from '../../src/catalogue/define-config';
import { resnet50 } from '../_base_/backbones/resnet50';
import { torchvision_pixels_and_masks } from '../_base_/pixels';
import { assigner, bbox_head } from '../sparse_rcnn/sparse-rcnn_r50_fpn_1x_coco';

const num_stages = 6;
const num_proposals = 100;
// every stage has its own
const mask_head: ConfigOf<'mask_head'> = {
  type: 'DynamicMaskHead',
  dynamic_conv_cfg: {
    type: 'DynamicConv',
    in_channels: 256,
    feat_channels: 64,
    out_channels: 256,
    input_feat_shape: 14,
    with_proj: false,
    act_cfg: { type: 'ReLU', inplace: true },
    norm_cfg: { type: 'LN' },
  },
  num_convs: 4,
  num_classes: 80,
  roi_feat_size: 14,
  in_channels: 256,
  conv_kernel_size: 3,
  conv_out_channels: 256,
  class_agnostic: false,
  norm_cfg: { type: 'BN' },
  upsample_cfg: { type: 'deconv', scale_factor: 2 },
  loss_mask: { type: 'DiceLoss', loss_weight: 8, use_sigmoid: true, activate: false, eps: 0.00001 },
};
const sampler: SamplerConfig = { type: 'PseudoSampler' };
const matching = { assigner, sampler, pos_weight: 1, mask_size: 28 };

export default defineConfig({
  _base_: ['../_base_/datasets/coco_instance', '../_base_/schedules/schedule_1x', '../_base_/default_runtime'],
  num_stages,
  num_proposals,
  model: {
    type: 'QueryInst',
    data_preprocessor: torchvision_pixels_and_masks,
    backbone: resnet50,
    neck: {
      type: 'FPN',
      in_channels: [256, 512, 1024, 2048],
      out_channels: 256,
      start_level: 0,
      add_extra_convs: 'on_input',
      num_outs: 4,
    },
    rpn_head: { type: 'EmbeddingRPNHead', num_proposals, proposal_feature_channel: 256 },
    roi_head: {
      type: 'SparseRoIHead',
      num_stages,
      stage_loss_weights: [1, 1, 1, 1, 1, 1],
      proposal_feature_channel: 256,
      bbox_roi_extractor: {
        type: 'SingleRoIExtractor',
        roi_layer: { type: 'RoIAlign', output_size: 7, sampling_ratio: 2 },
        out_channels: 256,
        featmap_strides: [4, 8, 16, 32],
      },
      mask_roi_extractor: {
        type: 'SingleRoIExtractor',
        roi_layer: { type: 'RoIAlign', output_size: 14, sampling_ratio: 2 },
        out_channels: 256,
        featmap_strides: [4, 8, 16, 32],
      },
      bbox_head: [bbox_head, bbox_head, bbox_head, bbox_head, bbox_head, bbox_head],
      mask_head: [mask_head, mask_head, mask_head, mask_head, mask_head, mask_head],
    },
    train_cfg: {
      rpn: null,
      rcnn: [matching, matching, matching, matching, matching, matching],
    },
    test_cfg: { rpn: null, rcnn: { max_per_img: num_proposals, mask_thr_binary: 0.5 } },
  },
  optim_wrapper: {
    type: 'OptimWrapper',
    optimizer: { _delete_: true, type: 'AdamW', lr: 0.0001, weight_decay: 0.0001 },
    paramwise_cfg: { custom_keys: { backbone: { lr_mult: 0.1, decay_mult: 1 } } },
    clip_grad: { max_norm: 0.1, norm_type: 2 },
  },
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.001, by_epoch: false, begin: 0, end: 1000 },
    { type: 'MultiStepLR', begin: 0, end: 12, by_epoch: true, milestones: [8, 11], gamma: 0.1 },
  ],
});
