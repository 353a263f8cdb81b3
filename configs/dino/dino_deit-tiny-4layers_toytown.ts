import { defineConfig } from '../../src/catalogue/define-config';
import town from '../_base_/datasets/toytown';

// A DETR that learns in minutes from random weights: DINO in small on four of DeiT-tiny's twelve layers, on Toytown. Encoder,
// decoder and neck have DeiT's width.
export default defineConfig({
  _base_: './dino-4scale_r50_8xb2-12e_coco',
  model: {
    num_queries: 60,
    num_feature_levels: 2,
    backbone: {
      _delete_: true,
      type: 'VisionTransformer',
      arch: { embed_dims: 192, num_layers: 4, num_heads: 3, feedforward_channels: 768 },
      img_size: [240, 320],
      patch_size: 16,
      out_type: 'featmap',
      init_cfg: null,
    },
    neck: { in_channels: [192], out_channels: 192, num_outs: 2 },
    encoder: {
      num_layers: 1,
      layer_cfg: {
        self_attn_cfg: { embed_dims: 192, num_levels: 2 },
        ffn_cfg: { embed_dims: 192, feedforward_channels: 768 },
      },
    },
    decoder: {
      num_layers: 2,
      layer_cfg: {
        self_attn_cfg: { embed_dims: 192 },
        cross_attn_cfg: { embed_dims: 192, num_levels: 2 },
        ffn_cfg: { embed_dims: 192, feedforward_channels: 768 },
      },
    },
    positional_encoding: { num_feats: 96 },
    bbox_head: { num_classes: 3, embed_dims: 192 },
    dn_cfg: { group_cfg: { num_dn_queries: 40 } },
    test_cfg: { max_per_img: 100 },
  },
  train_pipeline: town.train_pipeline,
  test_pipeline: town.test_pipeline,
  train_dataloader: { _delete_: true, ...town.train_dataloader },
  val_dataloader: { _delete_: true, ...town.val_dataloader },
  test_dataloader: { _delete_: true, ...town.test_dataloader },
  val_evaluator: town.val_evaluator,
  test_evaluator: town.test_evaluator,
  max_epochs: 10,
  train_cfg: { max_epochs: 10 },
  // everything starts from random weights, the backbone too: it learns as fast as the rest
  optim_wrapper: {
    _delete_: true,
    type: 'OptimWrapper',
    optimizer: { type: 'AdamW', lr: 0.0005, weight_decay: 0.0001 },
    clip_grad: { max_norm: 1, norm_type: 2 },
  },
  param_scheduler: [
    { type: 'LinearLR', start_factor: 0.01, by_epoch: false, begin: 0, end: 100 },
    { type: 'MultiStepLR', begin: 0, end: 10, by_epoch: true, milestones: [8], gamma: 0.1 },
  ],
  // the learning rate above is for a batch of 4
  auto_scale_lr: { base_batch_size: 4 },
});
