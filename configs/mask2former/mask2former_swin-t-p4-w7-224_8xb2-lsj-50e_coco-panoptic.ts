import { defineConfig } from '../../src/catalogue/define-config';

const pretrained =
  'https://github.com/SwinTransformer/storage/releases/download/v1.0.0/swin_tiny_patch4_window7_224.pth';
const depths = [2, 2, 6, 2];
const backbone_norm_multi = { lr_mult: 0.1, decay_mult: 0 };
const backbone_embed_multi = { lr_mult: 0.1, decay_mult: 0 };
const embed_multi = { lr_mult: 1, decay_mult: 0 };
const custom_keys = {
  backbone: { lr_mult: 0.1, decay_mult: 1 },
  'backbone.patch_embed.norm': backbone_norm_multi,
  'backbone.norm': backbone_norm_multi,
  absolute_pos_embed: backbone_embed_multi,
  relative_position_bias_table: backbone_embed_multi,
  query_embed: embed_multi,
  query_feat: embed_multi,
  level_embed: embed_multi,
  'backbone.stages.0.blocks.0.norm': backbone_norm_multi,
  'backbone.stages.0.blocks.1.norm': backbone_norm_multi,
  'backbone.stages.1.blocks.0.norm': backbone_norm_multi,
  'backbone.stages.1.blocks.1.norm': backbone_norm_multi,
  'backbone.stages.2.blocks.0.norm': backbone_norm_multi,
  'backbone.stages.2.blocks.1.norm': backbone_norm_multi,
  'backbone.stages.2.blocks.2.norm': backbone_norm_multi,
  'backbone.stages.2.blocks.3.norm': backbone_norm_multi,
  'backbone.stages.2.blocks.4.norm': backbone_norm_multi,
  'backbone.stages.2.blocks.5.norm': backbone_norm_multi,
  'backbone.stages.3.blocks.0.norm': backbone_norm_multi,
  'backbone.stages.3.blocks.1.norm': backbone_norm_multi,
  'backbone.stages.0.downsample.norm': backbone_norm_multi,
  'backbone.stages.1.downsample.norm': backbone_norm_multi,
  'backbone.stages.2.downsample.norm': backbone_norm_multi,
};

export default defineConfig({
  _base_: ['./mask2former_r50_8xb2-lsj-50e_coco-panoptic'],
  pretrained,
  depths,
  model: {
    type: 'Mask2Former',
    backbone: {
      _delete_: true,
      type: 'SwinTransformer',
      embed_dims: 96,
      depths,
      num_heads: [3, 6, 12, 24],
      window_size: 7,
      mlp_ratio: 4,
      qkv_bias: true,
      qk_scale: null,
      drop_rate: 0,
      attn_drop_rate: 0,
      drop_path_rate: 0.3,
      patch_norm: true,
      out_indices: [0, 1, 2, 3],
      with_cp: false,
      convert_weights: true,
      frozen_stages: -1,
      init_cfg: { type: 'Pretrained', checkpoint: pretrained },
    },
    panoptic_head: { type: 'Mask2FormerHead', in_channels: [96, 192, 384, 768] },
    init_cfg: null,
  },
  backbone_norm_multi,
  backbone_embed_multi,
  embed_multi,
  custom_keys,
  optim_wrapper: { paramwise_cfg: { custom_keys, norm_decay_mult: 0 } },
});
