"""The configs of zoo.py that divide images into segments: three classes of things, two of stuff, ResNet-18 with few channels."""
from zoo_families import backbone, gn, pre
from zoo_roi_families import masks, pad_seg, rcnn, standard, test_rcnn, two_stage

classes = dict(num_things_classes=3, num_stuff_classes=2)
fpn_head = dict(type='PanopticFPNHead', **classes, in_channels=16, inner_channels=12, start_level=0, end_level=4, norm_cfg=gn,
                loss_seg=dict(type='CrossEntropyLoss', ignore_index=255, loss_weight=0.5))


def panoptic_fpn(test=dict(mask_overlap=0.5, stuff_area_limit=300), **head):
    model = two_stage('PanopticFPN', standard(**masks), rcnn(), dict(test_rcnn, score_thr=0.3), data_preprocessor=pad_seg,
                      semantic_head=dict(fpn_head, **head), panoptic_fusion_head=dict(type='HeuristicFusionHead', **classes))
    model['test_cfg']['panoptic'] = test
    return model


def attention(**more):
    return dict(embed_dims=16, num_heads=2, dropout=0.0, batch_first=True, **more)


ffn = dict(embed_dims=16, feedforward_channels=24, num_fcs=2, ffn_drop=0.0, act_cfg=dict(type='ReLU', inplace=True))
sine = dict(num_feats=8, normalize=True)
decoder = dict(return_intermediate=True, layer_cfg=dict(self_attn_cfg=attention(), cross_attn_cfg=attention(), ffn_cfg=ffn))
pixel = dict(norm_cfg=dict(type='GN', num_groups=4), act_cfg=dict(type='ReLU'))
encoder = dict(num_layers=1, layer_cfg=dict(self_attn_cfg=attention(), ffn_cfg=ffn))
deformable = dict(num_layers=1, layer_cfg=dict(self_attn_cfg=dict(embed_dims=16, num_heads=2, num_levels=3, num_points=2, dropout=0.0,
                                                                 batch_first=True), ffn_cfg=ffn))
plain_backbone = dict(backbone, frozen_stages=-1, norm_cfg=dict(type='BN', requires_grad=False))


def losses(num_classes, mask):
    return dict(loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=False, loss_weight=2.0, reduction='mean',
                              class_weight=[1.0] * num_classes + [0.1]), loss_mask=mask,
                loss_dice=dict(type='DiceLoss', use_sigmoid=True, activate=True, reduction='mean', naive_dice=True, eps=1.0, loss_weight=5.0))


def costs(mask):
    return dict(assigner=dict(type='HungarianAssigner', match_costs=[dict(type='ClassificationCost', weight=2.0), mask,
                                                                     dict(type='DiceCost', weight=5.0, pred_act=True, eps=1.0)]),
                sampler=dict(type='MaskPseudoSampler'))


def query_model(type_, head, things, stuff, train, test, pre=pad_seg):
    numbers = dict(num_things_classes=things, num_stuff_classes=stuff)
    return dict(type=type_, data_preprocessor=pre, backbone=plain_backbone,
                panoptic_head=dict(in_channels=[8, 16, 32, 64], feat_channels=16, out_channels=16, **numbers, num_queries=7,
                                   positional_encoding=sine, **head),
                panoptic_fusion_head=dict(type='MaskFormerFusionHead', **numbers, loss_panoptic=None, init_cfg=None),
                train_cfg=train, test_cfg=test, init_cfg=None)


def mask_former(things=3, stuff=2, pixel_decoder=dict(type='TransformerEncoderPixelDecoder', **pixel, encoder=encoder, positional_encoding=sine),
                **test):
    head = dict(type='MaskFormerHead', pixel_decoder=pixel_decoder, enforce_decoder_input_project=False,
                transformer_decoder=dict(decoder, num_layers=2),
                **losses(things + stuff, dict(type='FocalLoss', use_sigmoid=True, gamma=2.0, alpha=0.25, reduction='mean', loss_weight=20.0)))
    return query_model('MaskFormer', head, things, stuff, costs(dict(type='FocalLossCost', weight=20.0, binary_input=True)),
                       {**dict(panoptic_on=True, semantic_on=False, instance_on=False, max_per_image=10, object_mask_thr=0.1, iou_thr=0.1,
                               filter_low_score=False), **test})


def mask2former(things=3, stuff=2, pre=pad_seg, **test):
    head = dict(type='Mask2FormerHead', strides=[4, 8, 16, 32], num_transformer_feat_level=3,
                pixel_decoder=dict(type='MSDeformAttnPixelDecoder', num_outs=3, **pixel, encoder=deformable, positional_encoding=sine),
                enforce_decoder_input_project=False, transformer_decoder=dict(decoder, num_layers=3, init_cfg=None),
                **losses(things + stuff, dict(type='CrossEntropyLoss', use_sigmoid=True, reduction='mean', loss_weight=5.0)))
    return query_model('Mask2Former', head, things, stuff,
                        dict(num_points=60, oversample_ratio=3.0, importance_sample_ratio=0.75,
                             **costs(dict(type='CrossEntropyLossCost', weight=5.0, use_sigmoid=True))),
                        {**dict(panoptic_on=True, semantic_on=False, instance_on=True, max_per_image=10, object_mask_thr=0.1, iou_thr=0.1,
                                filter_low_score=True), **test}, pre)


def swin():
    """Maps of 24 x 32 to 3 x 4, none of them whole windows, the last one smaller than a window."""
    model = mask2former()
    model['backbone'] = dict(type='SwinTransformer', embed_dims=8, depths=[2, 2, 2, 2], num_heads=[1, 2, 2, 4], window_size=7, mlp_ratio=4,
                             drop_path_rate=0.0, out_indices=(0, 1, 2, 3), convert_weights=True, frozen_stages=-1, init_cfg=None)
    return model


rules = [(r'cls_embed\.weight$', 2.0)]

# features that leave masks undecided: in float64 losses are 3e-7 and gradients 4e-6 from these, without it 3e-6 and 5e-4
former_rules = [*rules, (r'backbone.*conv\d\.weight$', 0.6)]

PANOPTIC_FAMILIES = {
    'panoptic_fpn': dict(
        r18=dict(model=panoptic_fpn()),
        covered=dict(model=panoptic_fpn(dict(mask_overlap=0.9, stuff_area_limit=4000), start_level=1, end_level=3)),
    ),
    'maskformer': dict(
        encoder=dict(model=mask_former(), rules=former_rules),
        plain=dict(model=mask_former(pixel_decoder=dict(type='PixelDecoder', **pixel), filter_low_score=True), rules=former_rules),
    ),
    'mask2former': dict(
        panoptic=dict(model=mask2former(), rules=rules),
        instances=dict(model=mask2former(3, 0, pre, panoptic_on=False), rules=rules, semantic=False),
    ),
    'mask2former_swin_slow': dict(panoptic=dict(model=swin(), rules=rules)),
}
