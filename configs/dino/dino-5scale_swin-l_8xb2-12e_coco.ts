import { defineConfig } from '../../src/catalogue/define-config';

export default defineConfig({
  _base_: './dino-4scale_r50_8xb2-12e_coco',
  pretrained:
    'https://github.com/SwinTransformer/storage/releases/download/v1.0.0/swin_large_patch4_window12_384_22k.pth',
  num_levels: 5,
  model: {
    num_feature_levels: 5,
    backbone: {
      _delete_: true,
      type: 'SwinTransformer',
      pretrain_img_size: 384,
      embed_dims: 192,
      depths: [2, 2, 18, 2],
      num_heads: [6, 12, 24, 48],
      window_size: 12,
      mlp_ratio: 4,
      qkv_bias: true,
      qk_scale: null,
      drop_rate: 0,
      attn_drop_rate: 0,
      drop_path_rate: 0.2,
      patch_norm: true,
      out_indices: [0, 1, 2, 3],
      with_cp: true,
      convert_weights: true,
      init_cfg: {
        type: 'Pretrained',
        checkpoint:
          'https://github.com/SwinTransformer/storage/releases/download/v1.0.0/swin_large_patch4_window12_384_22k.pth',
      },
    },
    neck: { in_channels: [192, 384, 768, 1536], num_outs: 5 },
    encoder: { layer_cfg: { self_attn_cfg: { num_levels: 5 } } },
    decoder: { layer_cfg: { cross_attn_cfg: { num_levels: 5 } } },
  },
});
