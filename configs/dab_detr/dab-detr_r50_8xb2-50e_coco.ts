import { defineConfig } from '../../src/catalogue/define-config';
import { train_pipeline } from '../_base_/pipelines/detr';
import { torchvision_pixels_unpadded } from '../_base_/pixels';

export default defineConfig({
  _base_: ['../_base_/datasets/coco_detection', '../_base_/default_runtime'],
  model: {
    type: 'DABDETR',
    num_queries: 300,
    with_random_refpoints: false,
    num_patterns: 0,
    data_preprocessor: torchvision_pixels_unpadded,
    backbone: {
      type: 'ResNet',
      depth: 50,
      num_stages: 4,
      out_indices: [3],
      frozen_stages: 1,
      norm_cfg: { type: 'BN', requires_grad: false },
      norm_eval: true,
      style: 'pytorch',
      init_cfg: { type: 'Pretrained', checkpoint: 'torchvision://resnet50' },
    },
    neck: {
      type: 'ChannelMapper',
      in_channels: [2048],
      kernel_size: 1,
      out_channels: 256,
      act_cfg: null,
      norm_cfg: null,
      num_outs: 1,
    },
    encoder: {
      num_layers: 6,
      layer_cfg: {
        self_attn_cfg: { embed_dims: 256, num_heads: 8, dropout: 0, batch_first: true },
        ffn_cfg: { embed_dims: 256, feedforward_channels: 2048, num_fcs: 2, ffn_drop: 0, act_cfg: { type: 'PReLU' } },
      },
    },
    decoder: {
      num_layers: 6,
      query_dim: 4,
      query_scale_type: 'cond_elewise',
      with_modulated_hw_attn: true,
      layer_cfg: {
        self_attn_cfg: { embed_dims: 256, num_heads: 8, attn_drop: 0, proj_drop: 0, cross_attn: false },
        cross_attn_cfg: { embed_dims: 256, num_heads: 8, attn_drop: 0, proj_drop: 0, cross_attn: true },
        ffn_cfg: { embed_dims: 256, feedforward_channels: 2048, num_fcs: 2, ffn_drop: 0, act_cfg: { type: 'PReLU' } },
      },
      return_intermediate: true,
    },
    positional_encoding: { num_feats: 128, temperature: 20, normalize: true },
    bbox_head: {
      type: 'DABDETRHead',
      num_classes: 80,
      embed_dims: 256,
      loss_cls: { type: 'FocalLoss', use_sigmoid: true, gamma: 2, alpha: 0.25, loss_weight: 1 },
      loss_bbox: { type: 'L1Loss', loss_weight: 5 },
      loss_iou: { type: 'GIoULoss', loss_weight: 2 },
    },
    train_cfg: {
      assigner: {
        type: 'HungarianAssigner',
        match_costs: [
          { type: 'FocalLossCost', weight: 2, eps: 1e-8 },
          { type: 'BBoxL1Cost', weight: 5, box_format: 'xywh' },
          { type: 'IoUCost', iou_mode: 'giou', weight: 2 },
        ],
      },
    },
    test_cfg: { max_per_img: 300 },
  },
  train_pipeline,
  train_dataloader: { dataset: { pipeline: train_pipeline } },
  optim_wrapper: {
    type: 'OptimWrapper',
    optimizer: { type: 'AdamW', lr: 0.0001, weight_decay: 0.0001 },
    clip_grad: { max_norm: 0.1, norm_type: 2 },
    paramwise_cfg: { custom_keys: { backbone: { lr_mult: 0.1, decay_mult: 1 } } },
  },
  max_epochs: 50,
  train_cfg: { type: 'EpochBasedTrainLoop', max_epochs: 50, val_interval: 1 },
  val_cfg: { type: 'ValLoop' },
  test_cfg: { type: 'TestLoop' },
  param_scheduler: [{ type: 'MultiStepLR', begin: 0, end: 50, by_epoch: true, milestones: [40], gamma: 0.1 }],
  // the learning rate above is for a batch of 16
  auto_scale_lr: { base_batch_size: 16, enable: false },
});
