import type { TransformConfig } from '../../src/catalogue/config-types';
import { type DataloaderConfig, defineConfig } from '../../src/catalogue/define-config';
import backbone from '../_base_/models/swin-t_text';

const test_pipeline: TransformConfig[] = [
  { type: 'LoadImageFromFile', backend_args: null, imdecode_backend: 'pillow' },
  { type: 'FixScaleResize', scale: [800, 1333], keep_ratio: true, backend: 'pillow' },
  { type: 'LoadAnnotations', with_bbox: true },
  {
    type: 'PackDetInputs',
    meta_keys: [
      'img_id',
      'img_path',
      'ori_shape',
      'img_shape',
      'scale_factor',
      'text',
      'custom_entities',
      'tokens_positive',
    ],
  },
];
const val_dataloader: DataloaderConfig = { dataset: { pipeline: test_pipeline, return_classes: true } };

export default defineConfig({
  _base_: ['../_base_/datasets/coco_detection', '../_base_/schedules/schedule_1x', '../_base_/default_runtime'],
  test_pipeline,
  val_dataloader,
  test_dataloader: val_dataloader,
  lang_model_name: 'bert-base-uncased',
  model: {
    type: 'GroundingDINO',
    num_queries: 900,
    with_box_refine: true,
    as_two_stage: true,
    data_preprocessor: {
      type: 'DetDataPreprocessor',
      mean: [123.675, 116.28, 103.53],
      std: [58.395, 57.12, 57.375],
      bgr_to_rgb: true,
      pad_mask: false,
    },
    language_model: {
      type: 'BertModel',
      name: 'bert-base-uncased',
      pad_to_max: false,
      use_sub_sentence_represent: true,
      special_tokens_list: ['[CLS]', '[SEP]', '.', '?'],
      add_pooling_layer: true,
    },
    backbone,
    neck: {
      type: 'ChannelMapper',
      in_channels: [192, 384, 768],
      kernel_size: 1,
      out_channels: 256,
      act_cfg: null,
      bias: true,
      norm_cfg: { type: 'GN', num_groups: 32 },
      num_outs: 4,
    },
    encoder: {
      num_layers: 6,
      layer_cfg: {
        self_attn_cfg: { embed_dims: 256, num_levels: 4, dropout: 0 },
        ffn_cfg: { embed_dims: 256, feedforward_channels: 2048, ffn_drop: 0 },
      },
      text_layer_cfg: {
        self_attn_cfg: { num_heads: 4, embed_dims: 256, dropout: 0 },
        ffn_cfg: { embed_dims: 256, feedforward_channels: 1024, ffn_drop: 0 },
      },
      fusion_layer_cfg: { v_dim: 256, l_dim: 256, embed_dim: 1024, num_heads: 4, init_values: 0.0001 },
    },
    decoder: {
      num_layers: 6,
      return_intermediate: true,
      layer_cfg: {
        self_attn_cfg: { embed_dims: 256, num_heads: 8, dropout: 0 },
        cross_attn_text_cfg: { embed_dims: 256, num_heads: 8, dropout: 0 },
        cross_attn_cfg: { embed_dims: 256, num_heads: 8, dropout: 0 },
        ffn_cfg: { embed_dims: 256, feedforward_channels: 2048, ffn_drop: 0 },
      },
      post_norm_cfg: null,
    },
    positional_encoding: { num_feats: 128, normalize: true, offset: 0, temperature: 20 },
    bbox_head: {
      type: 'GroundingDINOHead',
      num_classes: 80,
      sync_cls_avg_factor: true,
      contrastive_cfg: { max_text_len: 256 },
      loss_cls: { type: 'FocalLoss', use_sigmoid: true, gamma: 2, alpha: 0.25, loss_weight: 1 },
      loss_bbox: { type: 'L1Loss', loss_weight: 5 },
    },
    dn_cfg: {
      label_noise_scale: 0.5,
      box_noise_scale: 1,
      group_cfg: { dynamic: true, num_groups: null, num_dn_queries: 100 },
    },
    train_cfg: null,
    test_cfg: { max_per_img: 300 },
  },
});
