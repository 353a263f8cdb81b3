"""The detectors on text of zoo.py, and what they need: BERT of two layers with the vocabulary ../tiny-bert and random weights, in
place of published ones. Needs transformers 4.38.2.

Two faults of MMDetection are mended: padding of captions is not read by pixels, and each image of a batch has its own mask of
phrases. The encodings of positions, which suit 256 channels, have E.
"""
import functools
import os
from pathlib import Path

import mmdet.models.detectors.glip as glip_module
import mmdet.models.language_models.bert as bert
from mmdet.models.layers.transformer import dino_layers, grounding_dino_layers as grounding
from mmdet.models.utils import vlfuse_helper

from zoo_families import backbone, focal, pre

E = 16
os.chdir(Path(__file__).resolve().parents[3])  # names of text models are relative to the repository
bert.HFBertModel.from_pretrained = classmethod(
    lambda cls, name, add_pooling_layer, config: cls(config, add_pooling_layer=add_pooling_layer))
dino_layers.coordinate_to_encoding = functools.partial(dino_layers.coordinate_to_encoding, num_feats=E // 2)
sine = grounding.get_text_sine_pos_embed
grounding.get_text_sine_pos_embed = lambda positions, **more: sine(positions, **{**more, 'num_pos_feats': E})
fuse, read = grounding.SingleScaleBiAttentionBlock.forward, grounding.DetrTransformerEncoderLayer.forward
grounding.SingleScaleBiAttentionBlock.forward = lambda self, attention_mask_l=None, **more: fuse(
    self, attention_mask_l=(~attention_mask_l).long(), **more)


def by_image(self, *inputs, attn_mask=None, **more):
    if attn_mask is None:  # of pixels
        return read(self, *inputs, attn_mask=attn_mask, **more)
    heads, (_, length, _) = self.self_attn_cfg.num_heads, attn_mask.shape
    mask = attn_mask.view(heads, -1, length, length).transpose(0, 1).reshape(attn_mask.shape)
    return read(self, *inputs, attn_mask=mask, **more)


grounding.DetrTransformerEncoderLayer.forward = by_image

name = 'test/golden/tiny-bert'
attention = dict(embed_dims=E, num_heads=2, dropout=0.0)
deformable = dict(embed_dims=E, num_heads=2, num_levels=3, num_points=2, dropout=0.0)
ffn = dict(embed_dims=E, feedforward_channels=24, ffn_drop=0.0)
hungarian = dict(assigner=dict(type='HungarianAssigner', match_costs=[
    dict(type='BinaryFocalLossCost', weight=2.0), dict(type='BBoxL1Cost', weight=5.0, box_format='xywh'),
    dict(type='IoUCost', iou_mode='giou', weight=2.0)]))
TEXTS = [('cat', 'hot_dog', 'traffic light (red)', 'person'), ('bus', 'white blood cell')]


def grounding_dino(contrastive, test=None, **language):
    return dict(
        type='GroundingDINO', num_queries=20, with_box_refine=True, as_two_stage=True, num_feature_levels=3, data_preprocessor=pre,
        language_model=dict(dict(type='BertModel', name=name, max_tokens=40, pad_to_max=False, use_sub_sentence_represent=True,
                                 special_tokens_list=['[CLS]', '[SEP]', '.', '?']), **language),
        backbone=dict(backbone, out_indices=(1, 2, 3)),
        neck=dict(type='ChannelMapper', in_channels=[16, 32, 64], kernel_size=1, out_channels=E, act_cfg=None, bias=True,
                  norm_cfg=dict(type='GN', num_groups=4), num_outs=3),
        encoder=dict(num_layers=2, layer_cfg=dict(self_attn_cfg=deformable, ffn_cfg=ffn),
                     text_layer_cfg=dict(self_attn_cfg=attention, ffn_cfg=ffn),
                     fusion_layer_cfg=dict(v_dim=E, l_dim=E, embed_dim=24, num_heads=2, dropout=0.0, init_values=1e-4)),
        decoder=dict(num_layers=2, return_intermediate=True, post_norm_cfg=None,
                     layer_cfg=dict(self_attn_cfg=attention, cross_attn_text_cfg=attention, cross_attn_cfg=deformable, ffn_cfg=ffn)),
        positional_encoding=dict(num_feats=E // 2, normalize=True, offset=0.0, temperature=20),
        bbox_head=dict(type='GroundingDINOHead', num_classes=6, embed_dims=E, sync_cls_avg_factor=True,
                       contrastive_cfg=dict(max_text_len=48, **contrastive), loss_cls=focal, loss_bbox=dict(type='L1Loss', loss_weight=5.0)),
        dn_cfg=dict(label_noise_scale=0.5, box_noise_scale=1.0, group_cfg=dict(dynamic=True, num_groups=None, num_dn_queries=12)),
        train_cfg=hungarian, test_cfg=dict(max_per_img=10, **(test or {})))


def glip(early, **assigner):
    C = 32  # of pixels, and the most words
    return dict(
        type='GLIP', data_preprocessor=pre, language_model=dict(type='BertModel', name=name, max_tokens=C),
        backbone=dict(backbone, out_indices=(1, 2, 3)),
        neck=dict(type='FPN', in_channels=[16, 32, 64], out_channels=C, start_level=0, relu_before_extra_convs=True,
                  add_extra_convs='on_output', num_outs=5),
        bbox_head=dict(type='ATSSVLFusionHead', lang_model_name=name, early_fuse=early, num_dyhead_blocks=1, num_classes=80, in_channels=C,
                       feat_channels=C, anchor_generator=dict(type='AnchorGenerator', ratios=[1.0], octave_base_scale=4, scales_per_octave=1,
                                                              strides=[8, 16, 32, 64, 128], center_offset=0.5),
                       bbox_coder=dict(type='DeltaXYWHBBoxCoderForGLIP', target_means=[.0, .0, .0, .0], target_stds=[0.1, 0.1, 0.2, 0.2]),
                       loss_cls=focal, loss_bbox=dict(type='GIoULoss', loss_weight=2.0),
                       loss_centerness=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1.0)),
        train_cfg=dict(assigner=dict(type='ATSSAssigner', topk=9, **assigner), allowed_border=-1, pos_weight=-1, debug=False),
        test_cfg=dict(nms_pre=100, min_bbox_size=0, score_thr=0.05, nms=dict(type='nms', iou_threshold=0.6), max_per_img=10))


glip_module.create_positive_map = functools.partial(glip_module.create_positive_map, max_num_entities=32)
vlfuse_helper.VLFuse.__init__.__defaults__ = (32, 32, 2048, 8, 0.0, 0.0, False)  # channels of this BERT, and no dropout
rules = [(r'query_embedding\.weight$', 4.0), (r'_embeddings\.weight$', 3.0)]
offsets = [(r'\.offset\.weight$', 0.2), (r'bbox_pred\.weight$', 0.2), (r'b_attn\.attn\..*\.weight$', 3.0)]
TEXT_FAMILIES = dict(
    grounding_dino=dict(
        scaled=dict(model=grounding_dino(dict(log_scale=-1.0, bias=True), pad_to_max=True, add_pooling_layer=True), rules=rules, texts=TEXTS),
        in_parts=dict(model=grounding_dino(dict(log_scale='auto', bias=True), dict(chunked_size=2), num_layers_of_embedded=2), rules=rules,
                      texts=TEXTS),
    ),
    glip=dict(
        late=dict(model=glip(False), rules=rules + offsets, texts=TEXTS),
        early=dict(model=glip(True, iou_calculator=dict(type='BboxOverlaps2D_GLIP')), rules=rules + offsets, texts=TEXTS),
    ),
)
