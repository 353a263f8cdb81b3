"""Small whole models of videos, against which test/models/detectors/*-video*.test.ts compares ours: names and shapes of the state dict,
losses and gradient norms of two clips, and what is found in the three frames of a video. Writes ../zoo_<family>.json.

As zoo.py; frames are the formula image, or the same upside down, rolled on. Run: python zoo_videos.py [family ...]
"""
import copy
import json
import sys
import types

for _name in ('motmetrics', 'motmetrics.lap'):
    sys.modules[_name] = types.ModuleType(_name)
sys.modules['motmetrics.lap'].linear_sum_assignment = None

import numpy as np  # noqa: E402
import torch  # noqa: E402
from mmdet.structures import DetDataSample, TrackDataSample  # noqa: E402
from mmdet.structures.mask import BitmapMasks  # noqa: E402
from mmengine.config import ConfigDict  # noqa: E402
from mmengine.structures import InstanceData  # noqa: E402
from pycocotools import mask as coco  # noqa: E402

from heads_single import MODELS, OUT, DefaultScope  # noqa: E402
from zoo import H, RULES, W, filled, image, outline, rounded, with_golden  # noqa: E402
from zoo_families import backbone, gn, pre  # noqa: E402
from zoo_panoptic_families import costs, decoder, deformable, losses, pixel, plain_backbone, sine  # noqa: E402
from zoo_roi_families import assigner, bbox_head, everything, extractor, masks, proposal, rcnn, standard, test_rcnn, two_stage  # noqa: E402

# of each frame: how far it is rolled, boxes, labels and identities; the first clip's key frame is its first, the second's its last
CLIPS = [
    dict(turned=False, key=0, frames=[
        dict(roll=0, bboxes=[[10, 12, 70, 80], [60, 30, 120, 90], [80, 5, 112, 37]], labels=[0, 2, 1], ids=[4, 9, 3]),
        dict(roll=6, bboxes=[[86, 8, 118, 42], [16, 14, 76, 84], [30, 50, 60, 90]], labels=[1, 0, 0], ids=[3, 4, 7])]),
    dict(turned=True, key=1, frames=[
        dict(roll=5, bboxes=[[25, 22, 65, 54], [70, 40, 110, 88]], labels=[1, 2], ids=[2, 1]),
        dict(roll=0, bboxes=[[20, 20, 60, 52]], labels=[1], ids=[2])]),
]
VIDEO = [0, 4, 9]
track_pre = dict(pre, type='TrackDataPreprocessor')


def frame(turned, roll):
    img = image()
    return torch.roll(img.flip(1) if turned else img, (roll // 2, roll), (1, 2))


def sample(i, truth, labels):
    s = DetDataSample(metainfo=dict(img_id=i, frame_id=i, img_shape=(H, W), ori_shape=(H * 2, W), pad_shape=(H, W), video_length=3,
                                    scale_factor=(1.0, 0.5), batch_input_shape=(H, W)))
    rles = [coco.merge(coco.frPyObjects([outline(b)], H, W)) for b in truth['bboxes']]
    s.gt_instances = InstanceData(
        bboxes=torch.tensor(truth['bboxes']).float().reshape(-1, 4),
        labels=torch.tensor(truth['labels']) if labels is None else torch.full((len(truth['labels']),), labels),
        masks=BitmapMasks([coco.decode(r) for r in rles], H, W), instances_ids=torch.tensor(truth['ids']))
    s.ignored_instances = InstanceData(bboxes=torch.zeros(0, 4), labels=torch.zeros(0).long())
    return s


def clip(truths, labels, key=None):
    t = TrackDataSample()
    t.video_data_samples = [sample(i, one, labels) for i, one in enumerate(truths)]
    if key is not None:
        t.set_metainfo(dict(key_frames_inds=[key], ref_frames_inds=[1 - key]))
    return t


def rpn_of_one_class(model):
    """See the header of AppearanceTrackingDetector."""
    head = model.detector.rpn_head
    given = head.loss_and_predict

    def loss_and_predict(x, samples, **more):
        samples = copy.deepcopy(samples)
        for s in samples:
            s.gt_instances.labels = torch.zeros_like(s.gt_instances.labels)
        return given(x, samples, **more)
    head.loss_and_predict = loss_and_predict


def run(name, model, rules=(), prepare=None, labels=None):
    rules = [*RULES, *rules]
    torch.manual_seed(0)
    cfg = model
    with DefaultScope.overwrite_default_scope('mmdet'):
        model = MODELS.build(ConfigDict(copy.deepcopy(cfg)))
    model.load_state_dict(filled(model.state_dict(), rules))
    if prepare:
        prepare(model)
    params = [[k, list(v.shape)] for k, v in model.state_dict().items()]
    model.train()
    inputs = [torch.stack([frame(c['turned'], f['roll']) for f in c['frames']]) for c in CLIPS]
    data = model.data_preprocessor(dict(inputs=inputs, data_samples=[clip(c['frames'], labels, c['key']) for c in CLIPS]), True)
    for c in data['data_samples']:
        for s in c.video_data_samples:
            s.set_metainfo(dict(scale_factor=(1.0, 0.5), ori_shape=(H * 2, W)))
    found = with_golden(lambda: model.loss(data['inputs'], copy.deepcopy(data['data_samples'])))
    total, logged = model.parse_losses(found)
    total.backward()
    norms = {k: 0.0 if p.grad is None else float(p.grad.norm()) for k, p in model.named_parameters() if p.requires_grad}
    model.eval()
    none = dict(bboxes=[], labels=[], ids=[])
    video = clip([none] * len(VIDEO), None)
    for s in video.video_data_samples:
        s.gt_instances = InstanceData()
    data = model.data_preprocessor(dict(inputs=[torch.stack([frame(False, r) for r in VIDEO])], data_samples=[video]), False)
    with torch.no_grad():
        [result] = model.predict(data['inputs'], data['data_samples'], rescale=True)
    detections = []
    # topk gives them in no order there
    first = result.video_data_samples[0].pred_track_instances
    order = first.scores.argsort(descending=True, stable=True) if cfg['type'] == 'Mask2FormerVideo' else None
    for s in result.video_data_samples:
        p = s.pred_track_instances
        if order is not None:
            p = p[order]
            p.instances_id = torch.arange(len(order))
        d = dict(bboxes=[[round(v, 3) for v in b] for b in p.bboxes.tolist()], scores=[round(v, 6) for v in p.scores.tolist()],
                 labels=p.labels.tolist(), ids=p.instances_id.tolist())
        if 'masks' in p:
            d['masks'] = [coco.encode(np.asfortranarray(m.numpy().astype(np.uint8)))['counts'].decode() for m in p.masks]
            d['mask_size'] = list(p.masks.shape[1:])
        detections.append(d)
    print(name, {k: round(float(v), 4) for k, v in logged.items()}, [d['ids'] for d in detections],
          [[round(v, 3) for v in d['scores']] for d in detections])
    return rounded(dict(config=cfg, extra_rules=rules, label=labels, params=params, losses={k: float(v) for k, v in logged.items()},
                        grad_norms=norms, detections=detections))


def tracking(type_, detector, embed, tracker, head, sampler=everything, thr=0.5, **more):
    detector = {k: v for k, v in detector.items() if k != 'data_preprocessor'}
    return dict(type=type_, data_preprocessor=track_pre, detector=detector, tracker=tracker,
                track_head=dict(type=head, roi_extractor=extractor(5), embed_head=embed,
                                train_cfg=dict(assigner=assigner(thr), sampler=sampler, pos_weight=-1, debug=False), **more))


mask_rcnn = two_stage('MaskRCNN', standard(**masks), rcnn(), dict(test_rcnn, score_thr=0.3, max_per_img=8))
roi_embed = dict(type='RoIEmbedHead', num_fcs=2, roi_feat_size=5, in_channels=16, fc_out_channels=12)
one_class = two_stage('FasterRCNN', standard(bbox_head=bbox_head(num_classes=1)), rcnn(), dict(test_rcnn, score_thr=0.05, max_per_img=12))
dense_embed = dict(type='QuasiDenseEmbedHead', num_convs=2, num_fcs=1, roi_feat_size=5, in_channels=16, conv_out_channels=8,
                   fc_out_channels=20, embed_channels=8, norm_cfg=gn,
                   loss_track=dict(type='MultiPosCrossEntropyLoss', loss_weight=0.25),
                   loss_track_aux=dict(type='MarginL2Loss', neg_pos_ub=3, pos_margin=0, neg_margin=0.1, hard_mining=True, loss_weight=1.0))
# all of both kinds
combined = dict(type='CombinedSampler', num=1000000, pos_fraction=0.5, neg_pos_ub=-1, add_gt_as_proposals=True,
                pos_sampler=dict(type='InstanceBalancedPosSampler'), neg_sampler=dict(type='RandomSampler'))
dense_tracker = dict(type='QuasiDenseTracker', init_score_thr=0.4, obj_score_thr=0.3, match_score_thr=0.2, memo_tracklet_frames=5,
                     memo_backdrop_frames=1, memo_momentum=0.8, nms_conf_thr=0.5, nms_backdrop_iou_thr=0.3, nms_class_iou_thr=0.7,
                     with_cats=True, match_metric='bisoftmax')


def mask2former_video(classes=3):
    head = dict(type='Mask2FormerTrackHead', in_channels=[8, 16, 32, 64], strides=[4, 8, 16, 32], feat_channels=16, out_channels=16,
                num_classes=classes, num_queries=7, num_frames=2, num_transformer_feat_level=3,
                pixel_decoder=dict(type='MSDeformAttnPixelDecoder', num_outs=3, **pixel, encoder=deformable, positional_encoding=sine),
                enforce_decoder_input_project=False,
                positional_encoding=dict(type='SinePositionalEncoding3D', **sine),
                transformer_decoder=dict(decoder, num_layers=3, init_cfg=None),
                **losses(classes, dict(type='CrossEntropyLoss', use_sigmoid=True, reduction='mean', loss_weight=5.0)),
                train_cfg=dict(num_points=60, oversample_ratio=3.0, importance_sample_ratio=0.75,
                               **costs(dict(type='CrossEntropyLossCost', weight=5.0, use_sigmoid=True))))
    return dict(type='Mask2FormerVideo', data_preprocessor=track_pre, backbone=plain_backbone, track_head=head)


FAMILIES = dict(
    masktrack_rcnn=dict(r18=dict(model=tracking('MaskTrackRCNN', mask_rcnn, roi_embed, dict(type='MaskTrackRCNNTracker', num_frames_retain=20),
                                                'RoITrackHead'), prepare=rpn_of_one_class, rules=[(r'embed_head\.fcs', 0.6)])),
    qdtrack=dict(r18=dict(model=tracking('QDTrack', one_class, dense_embed, dense_tracker, 'QuasiDenseTrackHead', combined,
                                         loss_bbox=dict(type='L1Loss', loss_weight=1.0)), labels=0, rules=[(r'fc_embed', 3.0)])),
    mask2former_video=dict(r18=dict(model=mask2former_video())),
)
for family in sys.argv[1:] or FAMILIES:
    models = {name: run(name, **case) for name, case in FAMILIES[family].items()}
    path = OUT / f'zoo_{family}.json'
    outlines = [[[outline(b) for b in f['bboxes']] for f in c['frames']] for c in CLIPS]
    path.write_text(json.dumps(dict(clips=CLIPS, outlines=outlines, video=VIDEO, models=models), separators=(',', ':')) + '\n')
    print(path.name, path.stat().st_size)
