// Detection transformers: encoder and decoder leave the head.

import { expect, test } from 'vitest';
import { migrated } from './migrated';

test("Deformable DETR: stages, refinement and levels are the detector's", () => {
  const { config, left } = migrated(`optimizer_config = dict(grad_clip=dict(max_norm=0.1))
model = dict(type='DeformableDETR', neck=dict(type='ChannelMapper', in_channels=[512, 1024, 2048], out_channels=256, num_outs=4),
    bbox_head=dict(type='DeformableDETRHead', num_query=300, num_classes=80, in_channels=2048, as_two_stage=True, with_box_refine=True,
        transformer=dict(type='DeformableDetrTransformer', num_feature_levels=5, mixed_selection=True,
            encoder=dict(type='DetrTransformerEncoder', num_layers=2, transformerlayers=dict(type='BaseTransformerLayer',
                attn_cfgs=dict(type='MultiScaleDeformableAttention', embed_dims=256, num_levels=5),
                feedforward_channels=1024, ffn_dropout=0.1, operation_order=('self_attn', 'norm', 'ffn', 'norm'))),
            decoder=dict(type='DeformableDetrTransformerDecoder', num_layers=3, return_intermediate=True,
                transformerlayers=dict(type='DetrTransformerDecoderLayer', attn_cfgs=[
                    dict(type='MultiheadAttention', embed_dims=256, num_heads=8, dropout=0.1),
                    dict(type='MultiScaleDeformableAttention', embed_dims=256, num_levels=5)],
                    feedforward_channels=1024, ffn_dropout=0.1,
                    operation_order=('norm', 'self_attn', 'norm', 'cross_attn', 'norm', 'ffn')))),
        positional_encoding=dict(type='SinePositionalEncoding', num_feats=128, normalize=True, offset=-0.5)))`);
  const attention = { embed_dims: 256, num_levels: 5, batch_first: true };
  const ffn_cfg = { embed_dims: 256, feedforward_channels: 1024, ffn_drop: 0.1 };
  expect(config.model).toMatchObject({
    num_queries: 300,
    as_two_stage: true,
    with_box_refine: true,
    num_feature_levels: 5,
    encoder: { num_layers: 2, layer_cfg: { self_attn_cfg: attention, ffn_cfg } },
    decoder: {
      num_layers: 3,
      return_intermediate: true,
      post_norm_cfg: null,
      layer_cfg: {
        self_attn_cfg: { embed_dims: 256, num_heads: 8, dropout: 0.1, batch_first: true },
        cross_attn_cfg: attention,
        ffn_cfg,
      },
    },
    positional_encoding: { num_feats: 128, normalize: true, offset: -0.5 },
  });
  expect(config.model.bbox_head).toEqual({ type: 'DeformableDETRHead', num_classes: 80 });
  expect(left.map((line) => line.split(':')[0])).toEqual([
    'model.bbox_head.transformer.mixed_selection',
    'model.bbox_head.transformer.decoder.transformerlayers.operation_order',
  ]);
});

test("DETR's transformer leaves the head", () => {
  const layers = (attention: string) =>
    `transformerlayers=dict(attn_cfgs=${attention}, feedforward_channels=2048, ffn_dropout=0.1, ffn_cfgs=dict(embed_dims=192))`;
  const attention = "dict(type='MultiheadAttention', embed_dims=192, num_heads=8, dropout=0.1)";
  const { config } = migrated(`optimizer = dict(type='AdamW')
custom_imports = dict(imports=['mmcls.models'], allow_failed_imports=False)
model = dict(type='DETR', backbone=dict(type='mmcls.VisionTransformer', arch='deit-tiny'),
    bbox_head=dict(type='DETRHead', num_classes=20, in_channels=192, num_query=50, transformer=dict(type='Transformer',
        encoder=dict(type='DetrTransformerEncoder', num_layers=6, ${layers(`[${attention}]`)}),
        decoder=dict(type='DetrTransformerDecoder', return_intermediate=True, num_layers=6, ${layers(attention)})),
        positional_encoding=dict(type='SinePositionalEncoding', num_feats=int(192 // 2), normalize=True)),
    train_cfg=dict(assigner=dict(type='HungarianAssigner', cls_cost=dict(type='ClassificationCost', weight=1.))))
`);
  const ffn = {
    embed_dims: 192,
    feedforward_channels: 2048,
    num_fcs: 2,
    ffn_drop: 0.1,
    act_cfg: { type: 'ReLU', inplace: true },
  };
  const attend = { embed_dims: 192, num_heads: 8, dropout: 0.1, batch_first: true };
  expect(config.model).toEqual({
    type: 'DETR',
    num_queries: 50,
    backbone: { type: 'mmpretrain.VisionTransformer', arch: 'deit-tiny' },
    neck: {
      type: 'ChannelMapper',
      in_channels: [192],
      kernel_size: 1,
      out_channels: 192,
      act_cfg: null,
      norm_cfg: null,
      num_outs: 1,
    },
    encoder: { num_layers: 6, layer_cfg: { self_attn_cfg: attend, ffn_cfg: ffn } },
    decoder: {
      num_layers: 6,
      layer_cfg: { self_attn_cfg: attend, cross_attn_cfg: attend, ffn_cfg: ffn },
      return_intermediate: true,
    },
    positional_encoding: { num_feats: 96, normalize: true },
    bbox_head: { type: 'DETRHead', num_classes: 20, embed_dims: 192 },
    train_cfg: { assigner: { type: 'HungarianAssigner', match_costs: [{ type: 'ClassificationCost', weight: 1 }] } },
  });
  expect(config.custom_imports.imports).toEqual(['mmpretrain.models']);
});
