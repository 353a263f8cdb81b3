import { defineConfig } from '../../src/catalogue/define-config';
import { train_pipeline } from '../_base_/pipelines/detr';
import { torchvision_pixels_unpadded } from '../_base_/pixels';

export default defineConfig({
  _base_: ['../_base_/datasets/coco_detection', '../_base_/default_runtime'],
  model: {
    type: 'DETR',
    num_queries: 100,
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
        self_attn_cfg: { embed_dims: 256, num_heads: 8, dropout: 0.1, batch_first: true },
        ffn_cfg: {
          embed_dims: 256,
          feedforward_channels: 2048,
          num_fcs: 2,
          ffn_drop: 0.1,
          act_cfg: { type: 'ReLU', inplace: true },
        },
      },
    },
    decoder: {
      num_layers: 6,
      layer_cfg: {
        self_attn_cfg: { embed_dims: 256, num_heads: 8, dropout: 0.1, batch_first: true },
        cross_attn_cfg: { embed_dims: 256, num_heads: 8, dropout: 0.1, batch_first: true },
        ffn_cfg: {
          embed_dims: 256,
          feedforward_channels: 2048,
          num_fcs: 2,
          ffn_drop: 0.1,
          act_cfg: { type: 'ReLU', inplace: true },
        },
      },
      return_intermediate: true,
    },
    positional_encoding: { num_feats: 128, normalize: true },
    bbox_head: {
      type: 'DETRHead',
      num_classes: 80,
      embed_dims: 256,
      loss_cls: { type: 'CrossEntropyLoss', bg_cls_weight: 0.1, use_sigmoid: false, loss_weight: 1, class_weight: 1 },
      loss_bbox: { type: 'L1Loss', loss_weight: 5 },
      loss_iou: { type: 'GIoULoss', loss_weight: 2 },
    },
    train_cfg: {
      assigner: {
        type: 'HungarianAssigner',
        match_costs: [
          { type: 'ClassificationCost', weight: 1 },
          { type: 'BBoxL1Cost', weight: 5, box_format: 'xywh' },
          { type: 'IoUCost', iou_mode: 'giou', weight: 2 },
        ],
      },
    },
    test_cfg: { max_per_img: 100 },
  },
  train_pipeline,
  train_dataloader: { dataset: { pipeline: train_pipeline } },
  optim_wrapper: {
    type: 'OptimWrapper',
    optimizer: { type: 'AdamW', lr: 0.0001, weight_decay: 0.0001 },
    clip_grad: { max_norm: 0.1, norm_type: 2 },
    paramwise_cfg: { custom_keys: { backbone: { lr_mult: 0.1, decay_mult: 1 } } },
  },
  max_epochs: 150,
  train_cfg: { type: 'EpochBasedTrainLoop', max_epochs: 150, val_interval: 1 },
  val_cfg: { type: 'ValLoop' },
  test_cfg: { type: 'TestLoop' },
  param_scheduler: [{ type: 'MultiStepLR', begin: 0, end: 150, by_epoch: true, milestones: [100], gamma: 0.1 }],
  // the learning rate above is for a batch of 16
  auto_scale_lr: { base_batch_size: 16 },
});
