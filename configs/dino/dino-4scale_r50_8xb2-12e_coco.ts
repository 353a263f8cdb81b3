import { defineConfig } from '../../src/catalogue/define-config';
import { train_pipeline } from '../_base_/pipelines/deformable-detr';
import { torchvision_pixels_unpadded } from '../_base_/pixels';

export default defineConfig({
  _base_: ['../_base_/datasets/coco_detection', '../_base_/default_runtime'],
  model: {
    type: 'DINO',
    num_queries: 900,
    with_box_refine: true,
    as_two_stage: true,
    data_preprocessor: torchvision_pixels_unpadded,
    backbone: {
      type: 'ResNet',
      depth: 50,
      num_stages: 4,
      out_indices: [1, 2, 3],
      frozen_stages: 1,
      norm_cfg: { type: 'BN', requires_grad: false },
      norm_eval: true,
      style: 'pytorch',
      init_cfg: { type: 'Pretrained', checkpoint: 'torchvision://resnet50' },
    },
    neck: {
      type: 'ChannelMapper',
      in_channels: [512, 1024, 2048],
      kernel_size: 1,
      out_channels: 256,
      act_cfg: null,
      norm_cfg: { type: 'GN', num_groups: 32 },
      num_outs: 4,
    },
    encoder: {
      num_layers: 6,
      layer_cfg: {
        self_attn_cfg: { embed_dims: 256, num_levels: 4, dropout: 0 },
        ffn_cfg: { embed_dims: 256, feedforward_channels: 2048, ffn_drop: 0 },
      },
    },
    decoder: {
      num_layers: 6,
      return_intermediate: true,
      layer_cfg: {
        self_attn_cfg: { embed_dims: 256, num_heads: 8, dropout: 0 },
        cross_attn_cfg: { embed_dims: 256, num_levels: 4, dropout: 0 },
        ffn_cfg: { embed_dims: 256, feedforward_channels: 2048, ffn_drop: 0 },
      },
      post_norm_cfg: null,
    },
    positional_encoding: { num_feats: 128, normalize: true, offset: 0, temperature: 20 },
    bbox_head: {
      type: 'DINOHead',
      num_classes: 80,
      sync_cls_avg_factor: true,
      loss_cls: { type: 'FocalLoss', use_sigmoid: true, gamma: 2, alpha: 0.25, loss_weight: 1 },
      loss_bbox: { type: 'L1Loss', loss_weight: 5 },
      loss_iou: { type: 'GIoULoss', loss_weight: 2 },
    },
    dn_cfg: {
      label_noise_scale: 0.5,
      box_noise_scale: 1,
      group_cfg: { dynamic: true, num_groups: null, num_dn_queries: 100 },
    },
    train_cfg: {
      assigner: {
        type: 'HungarianAssigner',
        match_costs: [
          { type: 'FocalLossCost', weight: 2 },
          { type: 'BBoxL1Cost', weight: 5, box_format: 'xywh' },
          { type: 'IoUCost', iou_mode: 'giou', weight: 2 },
        ],
      },
    },
    test_cfg: { max_per_img: 300 },
  },
  train_pipeline,
  train_dataloader: { dataset: { filter_cfg: { filter_empty_gt: false }, pipeline: train_pipeline } },
  optim_wrapper: {
    type: 'OptimWrapper',
    optimizer: { type: 'AdamW', lr: 0.0001, weight_decay: 0.0001 },
    clip_grad: { max_norm: 0.1, norm_type: 2 },
    paramwise_cfg: { custom_keys: { backbone: { lr_mult: 0.1 } } },
  },
  max_epochs: 12,
  train_cfg: { type: 'EpochBasedTrainLoop', max_epochs: 12, val_interval: 1 },
  val_cfg: { type: 'ValLoop' },
  test_cfg: { type: 'TestLoop' },
  param_scheduler: [{ type: 'MultiStepLR', begin: 0, end: 12, by_epoch: true, milestones: [11], gamma: 0.1 }],
  // the learning rate above is for a batch of 16
  auto_scale_lr: { base_batch_size: 16 },
});
