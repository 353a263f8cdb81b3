import type { TransformConfig } from '../../src/catalogue/config-types';
import { defineConfig } from '../../src/catalogue/define-config';

const size: [number, number] = [640, 640];
const channels = 256;
const attention = { embed_dims: channels, num_heads: 8, dropout: 0.0 };

const train_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'PhotoMetricDistortion' },
  { type: 'Expand', mean: [0, 0, 0], to_rgb: true, ratio_range: [1, 4] },
  { type: 'RandomApply', transforms: [{ type: 'MinIoURandomCrop' }], prob: 0.8 },
  { type: 'Resize', scale: size, keep_ratio: false },
  { type: 'FilterAnnotations', min_gt_bbox_wh: [1, 1], keep_empty: false },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'PackDetInputs' },
];
const test_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null },
  { type: 'Resize', scale: size, keep_ratio: false },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'PackDetInputs', meta_keys: ['img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'] },
];

export default defineConfig({
  _base_: ['../_base_/datasets/coco_detection', '../_base_/default_runtime'],
  model: {
    type: 'RTDETR',
    num_queries: 300,
    with_box_refine: true,
    as_two_stage: true,
    data_preprocessor: {
      type: 'DetDataPreprocessor',
      mean: [0, 0, 0],
      std: [255, 255, 255],
      bgr_to_rgb: true,
      pad_size_divisor: 32,
      batch_augments: [{ type: 'BatchSyncRandomResize', random_size_range: [480, 800], size_divisor: 32, interval: 1 }],
    },
    backbone: {
      type: 'ResNetV1d',
      depth: 50,
      num_stages: 4,
      out_indices: [1, 2, 3],
      frozen_stages: 0,
      norm_cfg: { type: 'BN', requires_grad: false },
      norm_eval: true,
      style: 'pytorch',
      init_cfg: {
        type: 'Pretrained',
        checkpoint: 'https://github.com/nijkah/storage/releases/download/v0.0.1/resnet50vd_ssld_v2_pretrained.pth',
      },
    },
    neck: {
      type: 'HybridEncoder',
      in_channels: [512, 1024, 2048],
      hidden_dim: channels,
      use_encoder_idx: [2],
      num_encoder_layers: 1,
      expansion: 1.0,
      layer_cfg: {
        self_attn_cfg: attention,
        ffn_cfg: { embed_dims: channels, feedforward_channels: 1024, ffn_drop: 0.0, act_cfg: { type: 'GELU' } },
      },
      projector: {
        type: 'ChannelMapper',
        in_channels: [channels, channels, channels],
        kernel_size: 1,
        out_channels: channels,
        act_cfg: null,
        norm_cfg: { type: 'BN' },
        num_outs: 3,
      },
    },
    encoder: null,
    decoder: {
      num_layers: 6,
      return_intermediate: true,
      layer_cfg: {
        self_attn_cfg: attention,
        cross_attn_cfg: { embed_dims: channels, num_levels: 3, dropout: 0.0 },
        ffn_cfg: { embed_dims: channels, feedforward_channels: 1024, ffn_drop: 0.0 },
      },
      post_norm_cfg: null,
    },
    bbox_head: {
      type: 'RTDETRHead',
      num_classes: 80,
      sync_cls_avg_factor: true,
      loss_cls: {
        type: 'VarifocalLoss',
        use_sigmoid: true,
        use_rtdetr: true,
        alpha: 0.75,
        gamma: 2.0,
        iou_weighted: true,
        loss_weight: 1.0,
      },
      loss_bbox: { type: 'L1Loss', loss_weight: 5.0 },
      loss_iou: { type: 'GIoULoss', loss_weight: 2.0 },
    },
    dn_cfg: {
      label_noise_scale: 0.5,
      box_noise_scale: 1.0,
      group_cfg: { dynamic: true, num_groups: null, num_dn_queries: 100 },
    },
    train_cfg: {
      assigner: {
        type: 'HungarianAssigner',
        match_costs: [
          { type: 'FocalLossCost', weight: 2.0 },
          { type: 'BBoxL1Cost', weight: 5.0, box_format: 'xywh' },
          { type: 'IoUCost', iou_mode: 'giou', weight: 2.0 },
        ],
      },
    },
    test_cfg: { max_per_img: 300 },
  },
  train_pipeline,
  test_pipeline,
  train_dataloader: {
    batch_size: 2,
    dataset: { filter_cfg: { filter_empty_gt: false }, pipeline: train_pipeline },
  },
  val_dataloader: { dataset: { pipeline: test_pipeline } },
  test_dataloader: { dataset: { pipeline: test_pipeline } },
  optim_wrapper: {
    type: 'OptimWrapper',
    optimizer: { type: 'AdamW', lr: 0.0001, weight_decay: 0.0001 },
    clip_grad: { max_norm: 0.1, norm_type: 2 },
    paramwise_cfg: { custom_keys: { backbone: { lr_mult: 0.1 } }, norm_decay_mult: 0, bias_decay_mult: 0 },
  },
  train_cfg: { type: 'EpochBasedTrainLoop', max_epochs: 72, val_interval: 1 },
  val_cfg: { type: 'ValLoop' },
  test_cfg: { type: 'TestLoop' },
  param_scheduler: [{ type: 'LinearLR', start_factor: 0.001, by_epoch: false, begin: 0, end: 2000 }],
  custom_hooks: [{ type: 'EMAHook', ema_type: 'ExpMomentumEMA', momentum: 0.0001, update_buffers: true, priority: 49 }],
  // the learning rate above is for 8 GPUs with 2 images each
  auto_scale_lr: { enable: false, base_batch_size: 16 },
});
