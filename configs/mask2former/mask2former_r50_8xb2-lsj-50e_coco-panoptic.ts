import type { MetricConfig, TransformConfig } from '../../src/catalogue/config-types';
import { defineConfig } from '../../src/catalogue/define-config';
import { class_weight } from '../maskformer/maskformer_r50_ms-16xb1-75e_coco';

const _ten = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1];
const image_size: [number, number] = [1024, 1024];
const batch_augments = [
  {
    type: 'BatchFixedSizePad' as const,
    size: image_size,
    img_pad_value: 0,
    pad_mask: true,
    mask_pad_value: 0 as const,
    pad_seg: true,
    seg_pad_value: 255,
  },
];
const data_preprocessor = {
  type: 'DetDataPreprocessor' as const,
  mean: [123.675, 116.28, 103.53],
  std: [58.395, 57.12, 57.375],
  bgr_to_rgb: true,
  pad_size_divisor: 32,
  pad_mask: true,
  mask_pad_value: 0,
  pad_seg: true,
  seg_pad_value: 255,
  batch_augments,
};
const train_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', to_float32: true, backend_args: null },
  { type: 'LoadPanopticAnnotations', with_bbox: true, with_mask: true, with_seg: true, backend_args: null },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'RandomResize', scale: image_size, ratio_range: [0.1, 2], keep_ratio: true },
  { type: 'RandomCrop', crop_size: image_size, crop_type: 'absolute', recompute_bbox: true, allow_negative_crop: true },
  { type: 'PackDetInputs' },
];
const embed_multi = { lr_mult: 1, decay_mult: 0 };
const val_evaluator: MetricConfig[] = [
  {
    type: 'CocoPanopticMetric',
    ann_file: 'data/coco/annotations/panoptic_val2017.json',
    seg_prefix: 'data/coco/annotations/panoptic_val2017/',
    backend_args: null,
  },
  {
    type: 'CocoMetric',
    ann_file: 'data/coco/annotations/instances_val2017.json',
    metric: ['bbox', 'segm'],
    backend_args: null,
  },
];

export default defineConfig({
  _base_: ['../_base_/datasets/coco_panoptic', '../_base_/default_runtime'],
  image_size,
  batch_augments,
  data_preprocessor,
  num_things_classes: 80,
  num_stuff_classes: 53,
  num_classes: 133,
  model: {
    type: 'Mask2Former',
    data_preprocessor,
    backbone: {
      type: 'ResNet',
      depth: 50,
      num_stages: 4,
      out_indices: [0, 1, 2, 3],
      frozen_stages: -1,
      norm_cfg: { type: 'BN', requires_grad: false },
      norm_eval: true,
      style: 'pytorch',
      init_cfg: { type: 'Pretrained', checkpoint: 'torchvision://resnet50' },
    },
    panoptic_head: {
      type: 'Mask2FormerHead',
      in_channels: [256, 512, 1024, 2048],
      strides: [4, 8, 16, 32],
      feat_channels: 256,
      out_channels: 256,
      num_things_classes: 80,
      num_stuff_classes: 53,
      num_queries: 100,
      num_transformer_feat_level: 3,
      pixel_decoder: {
        type: 'MSDeformAttnPixelDecoder',
        num_outs: 3,
        norm_cfg: { type: 'GN', num_groups: 32 },
        act_cfg: { type: 'ReLU' },
        encoder: {
          num_layers: 6,
          layer_cfg: {
            self_attn_cfg: {
              embed_dims: 256,
              num_heads: 8,
              num_levels: 3,
              num_points: 4,
              dropout: 0,
              batch_first: true,
            },
            ffn_cfg: {
              embed_dims: 256,
              feedforward_channels: 1024,
              num_fcs: 2,
              ffn_drop: 0,
              act_cfg: { type: 'ReLU', inplace: true },
            },
          },
        },
        positional_encoding: { num_feats: 128, normalize: true },
      },
      enforce_decoder_input_project: false,
      positional_encoding: { num_feats: 128, normalize: true },
      transformer_decoder: {
        return_intermediate: true,
        num_layers: 9,
        layer_cfg: {
          self_attn_cfg: { embed_dims: 256, num_heads: 8, dropout: 0, batch_first: true },
          cross_attn_cfg: { embed_dims: 256, num_heads: 8, dropout: 0, batch_first: true },
          ffn_cfg: {
            embed_dims: 256,
            feedforward_channels: 2048,
            num_fcs: 2,
            ffn_drop: 0,
            act_cfg: { type: 'ReLU', inplace: true },
          },
        },
        init_cfg: null,
      },
      loss_cls: { type: 'CrossEntropyLoss', use_sigmoid: false, loss_weight: 2, reduction: 'mean', class_weight },
      loss_mask: { type: 'CrossEntropyLoss', use_sigmoid: true, reduction: 'mean', loss_weight: 5 },
      loss_dice: {
        type: 'DiceLoss',
        use_sigmoid: true,
        activate: true,
        reduction: 'mean',
        naive_dice: true,
        eps: 1,
        loss_weight: 5,
      },
    },
    panoptic_fusion_head: {
      type: 'MaskFormerFusionHead',
      num_things_classes: 80,
      num_stuff_classes: 53,
      loss_panoptic: null,
      init_cfg: null,
    },
    train_cfg: {
      num_points: 12544,
      oversample_ratio: 3,
      importance_sample_ratio: 0.75,
      assigner: {
        type: 'HungarianAssigner',
        match_costs: [
          { type: 'ClassificationCost', weight: 2 },
          { type: 'CrossEntropyLossCost', weight: 5, use_sigmoid: true },
          { type: 'DiceCost', weight: 5, pred_act: true, eps: 1 },
        ],
      },
      sampler: { type: 'MaskPseudoSampler' },
    },
    test_cfg: {
      panoptic_on: true,
      semantic_on: false,
      instance_on: true,
      max_per_image: 100,
      iou_thr: 0.8,
      filter_low_score: true,
    },
    init_cfg: null,
  },
  data_root: 'data/coco/',
  train_pipeline,
  train_dataloader: { dataset: { pipeline: train_pipeline } },
  val_evaluator,
  test_evaluator: val_evaluator,
  embed_multi,
  optim_wrapper: {
    type: 'OptimWrapper',
    optimizer: { type: 'AdamW', lr: 0.0001, weight_decay: 0.05, eps: 1e-8, betas: [0.9, 0.999] },
    paramwise_cfg: {
      custom_keys: {
        backbone: { lr_mult: 0.1, decay_mult: 1 },
        query_embed: embed_multi,
        query_feat: embed_multi,
        level_embed: embed_multi,
      },
      norm_decay_mult: 0,
    },
    clip_grad: { max_norm: 0.01, norm_type: 2 },
  },
  max_iters: 368750,
  param_scheduler: {
    type: 'MultiStepLR',
    begin: 0,
    end: 368750,
    by_epoch: false,
    milestones: [327778, 355092],
    gamma: 0.1,
  },
  interval: 5000,
  dynamic_intervals: [[365001, 368750]],
  train_cfg: {
    type: 'IterBasedTrainLoop',
    max_iters: 368750,
    val_interval: 5000,
    dynamic_intervals: [[365001, 368750]],
  },
  val_cfg: { type: 'ValLoop' },
  test_cfg: { type: 'TestLoop' },
  default_hooks: {
    checkpoint: { type: 'CheckpointHook', by_epoch: false, save_last: true, max_keep_ckpts: 3, interval: 5000 },
  },
  log_processor: { type: 'LogProcessor', window_size: 50, by_epoch: false },
  auto_scale_lr: { enable: false, base_batch_size: 16 },
});
