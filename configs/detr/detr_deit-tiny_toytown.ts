import { defineConfig } from '../../src/catalogue/define-config';
import town from '../_base_/datasets/toytown';

// The tutorial's experiment in small: a DeiT-tiny in the place of DETR's ResNet, on Toytown. The transformer behind it has
// DeiT's own width, so that the neck only carries the map over.
export default defineConfig({
  _base_: './detr_r50_8xb2-150e_coco',
  model: {
    num_queries: 30,
    backbone: {
      _delete_: true,
      type: 'VisionTransformer',
      arch: 'deit-tiny',
      img_size: [240, 320],
      patch_size: 16,
      out_type: 'featmap',
      init_cfg: null,
    },
    neck: { in_channels: [192], out_channels: 192 },
    encoder: {
      num_layers: 3,
      layer_cfg: {
        self_attn_cfg: { embed_dims: 192 },
        ffn_cfg: { embed_dims: 192, feedforward_channels: 768 },
      },
    },
    decoder: {
      num_layers: 3,
      layer_cfg: {
        self_attn_cfg: { embed_dims: 192 },
        cross_attn_cfg: { embed_dims: 192 },
        ffn_cfg: { embed_dims: 192, feedforward_channels: 768 },
      },
    },
    positional_encoding: { num_feats: 96 },
    bbox_head: { num_classes: 3, embed_dims: 192 },
  },
  train_pipeline: town.train_pipeline,
  test_pipeline: town.test_pipeline,
  train_dataloader: { _delete_: true, ...town.train_dataloader },
  val_dataloader: { _delete_: true, ...town.val_dataloader },
  test_dataloader: { _delete_: true, ...town.test_dataloader },
  val_evaluator: town.val_evaluator,
  test_evaluator: town.test_evaluator,
  max_epochs: 20,
  train_cfg: { max_epochs: 20 },
  optim_wrapper: {
    optimizer: { lr: 0.0002 },
    paramwise_cfg: { _delete_: true, custom_keys: { backbone: { lr_mult: 0.5 } } },
  },
  param_scheduler: [{ type: 'MultiStepLR', begin: 0, end: 20, by_epoch: true, milestones: [16], gamma: 0.1 }],
  // the learning rate above is for a batch of 4
  auto_scale_lr: { base_batch_size: 4 },
});
