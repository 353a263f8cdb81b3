"""A small BaseReID, and small whole models of SORT, DeepSORT, StrongSORT, ByteTrack and OC-SORT over a few frames, by MMDetection
-> reid_model.json, tracking_models.json; tracks that AppearanceFreeLink joins -> appearance_free_link.json.

Weights by the formulas of ../README.md; frames are a texture that moves. Needs mmpretrain 1.2.0, motmetrics' lap.py, lap.
"""
import copy
import json
import sys
from unittest.mock import MagicMock

import numpy as np
import torch

for name in ('torchvision', 'torchvision.ops', 'torchvision.ops.boxes', 'torchvision.transforms', 'torchvision.transforms.functional',
             'torchvision.transforms.transforms', 'torchvision.models', 'torchvision.datasets'):
    sys.modules[name] = MagicMock(__version__='0.16.0', __spec__=None)  # mmpretrain imports it for what is not used here
from sort_trackers import texture  # stands in for motmetrics as well
import mmpretrain.models  # noqa: F401, registers its types
from heads_single import MODELS, OUT, DefaultScope, pvalue
from mmdet.models.task_modules.tracking import AppearanceFreeLink
from mmdet.structures import DetDataSample, ReIDDataSample, TrackDataSample
from mmengine.config import ConfigDict

H, W, FRAMES = 96, 128, 5
# boxes of a few strides, and scores that differ
RULES = [[r'conv_reg\.', 0.1], [r'conv_(cls|obj)\.', 0.3]]


def image(height, width):
    y, x = np.mgrid[:height, :width]
    b = (3 * x + 5 * y) % 256
    g = ((x * x) // 7 + 11 * y) % 256
    r = ((x // 16 + y // 16) % 2) * 160 + (x * y) % 96
    return torch.from_numpy(np.stack([b, g, r]).astype(np.uint8))


def built(cfg, rules):
    with DefaultScope.overwrite_default_scope('mmdet'):
        model = MODELS.build(ConfigDict(copy.deepcopy(cfg)))
    state = model.state_dict()
    model.load_state_dict({k: torch.from_numpy(np.asarray(pvalue(k, tuple(v.shape), rules))) for k, v in state.items()})
    return model, [[k, list(v.shape)] for k, v in state.items()]


def rounded(v):
    if isinstance(v, float):
        return float(f'{v:.7g}')
    if isinstance(v, dict):
        return {k: rounded(x) for k, x in v.items()}
    return [rounded(x) for x in v] if isinstance(v, (list, tuple)) else v


def reid(**given):
    return dict(type='BaseReID', data_preprocessor=dict(type='mmpretrain.ClsDataPreprocessor'), backbone=dict(type='mmpretrain.ResNet', depth=18, base_channels=8, stem_channels=8),
                neck=dict(type='GlobalAveragePooling', kernel_size=(2, 1), stride=1),
                head=dict(type='LinearReIDHead', num_fcs=1, in_channels=64, fc_channels=16, out_channels=8,
                          loss_triplet=dict(type='TripletLoss', margin=0.3), norm_cfg=dict(type='BN1d'),
                          act_cfg=dict(type='ReLU'), **given))


def reid_model():
    cfg = {**reid(num_classes=5, loss_cls=dict(type='mmpretrain.CrossEntropyLoss'), topk=(1, 3)),
           'data_preprocessor': dict(type='ReIDDataPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375],
                                     to_rgb=True)}
    identities = [4, 4, 0, 2, 0, 2]
    model, params = built(cfg, [])
    model.train()
    # the first and second image are one: its identity has two farthest embeddings
    images = torch.stack([image(64, 32).roll((k // 2 * 5 + k % 2 * (k > 1) * 9, 3 * (k // 2)), (1, 2)) for k in range(6)])
    data = model.data_preprocessor(dict(inputs=images, data_samples=[ReIDDataSample().set_gt_label(i) for i in identities]), True)
    losses = model.loss(data['inputs'], data['data_samples'])
    total, logged = model.parse_losses(losses)
    total.backward()
    norms = {k: float(p.grad.norm()) for k, p in model.named_parameters() if p.requires_grad}
    model.eval()
    with torch.no_grad():
        found = model.predict(data['inputs'], data['data_samples'])
    print('reid', {k: round(float(v), 4) for k, v in logged.items()})
    return dict(config=cfg, identities=identities, params=params, losses={k: float(v) for k, v in logged.items()},
                grad_norms=norms, embeddings=[s.pred_feature.tolist() for s in found])


DETECTOR = dict(
    type='YOLOX', backbone=dict(type='CSPDarknet', deepen_factor=0.1, widen_factor=0.125, out_indices=(2, 3, 4)),
    neck=dict(type='YOLOXPAFPN', in_channels=[32, 64, 128], out_channels=16, num_csp_blocks=1),
    bbox_head=dict(type='YOLOXHead', num_classes=2, in_channels=16, feat_channels=16, stacked_convs=1),
    test_cfg=dict(score_thr=0.4, nms=dict(type='nms', iou_threshold=0.02)))
PLAIN = dict(type='TrackDataPreprocessor', pad_size_divisor=32)
NORMALIZED = dict(PLAIN, mean=[20.0, 10.0, 5.0], std=[1.0, 1.5, 0.8], bgr_to_rgb=True, rgb_to_bgr=False)
KALMAN = dict(type='KalmanFilter')
LOOKS = dict(img_scale=(64, 32), match_score_thr=0.5)
TRACKING = dict(
    byte=dict(type='ByteTrack', data_preprocessor=PLAIN, detector=DETECTOR,
              tracker=dict(type='ByteTracker', motion=KALMAN, obj_score_thrs=dict(high=0.6, low=0.4), init_track_thr=0.5,
                           match_iou_thrs=dict(high=0.1, low=0.5, tentative=0.3), num_frames_retain=30)),
    ocsort=dict(type='OCSORT', data_preprocessor=PLAIN, detector=DETECTOR,
                tracker=dict(type='OCSORTTracker', motion=KALMAN, obj_score_thr=0.45, init_track_thr=0.5, match_iou_thr=0.2)),
    sort=dict(type='DeepSORT', data_preprocessor=NORMALIZED, detector=DETECTOR,
              tracker=dict(type='SORTTracker', motion=KALMAN, obj_score_thr=0.45, match_iou_thr=0.4, reid=None)),
    deepsort=dict(type='DeepSORT', data_preprocessor=NORMALIZED, detector=DETECTOR, reid=reid(),
                  tracker=dict(type='SORTTracker', motion=KALMAN, obj_score_thr=0.45, match_iou_thr=0.5, num_tentatives=2,
                               reid=dict(LOOKS, num_samples=10))),
    strongsort=dict(type='StrongSORT', data_preprocessor=PLAIN, detector=DETECTOR, reid=reid(),
                    cmc=dict(type='CameraMotionCompensation', num_iters=100, stop_eps=1e-5),
                    tracker=dict(type='StrongSORTTracker', motion=dict(KALMAN, use_nsa=True), obj_score_thr=0.45,
                                 momentums=dict(embeds=0.1), num_tentatives=2, match_iou_thr=0.5,
                                 reid=dict(LOOKS, num_samples=None, motion_weight=0.02,
                                           img_norm_cfg=dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True))),
                    postprocess_model=dict(type='AppearanceFreeLink', checkpoint='', confidence_threshold=0.6, spatial_threshold=40)),
)


def frames():
    """A smooth texture that moves left by 3 pixels a frame and shakes."""
    y, x = np.mgrid[:H, :W].astype(float)
    made = []
    for t in range(FRAMES):
        u, v = x + 3 * t, y + 2 * (t % 2)
        made.append(np.stack([np.round(one) for one in (texture(u, v), texture(0.7 * v, 0.9 * u), texture(u + 40, 0.6 * v))]))
    return torch.from_numpy(np.stack(made).astype(np.uint8))


def tracked(name, cfg, rules):
    model, params = built(cfg, rules)
    model.eval()
    track = TrackDataSample()
    track.video_data_samples = [DetDataSample(metainfo=dict(img_id=t, frame_id=t, video_id=0, video_length=FRAMES, img_shape=(H, W), ori_shape=(2 * H, 2 * W),
                                                            scale_factor=(0.5, 0.5))) for t in range(FRAMES)]
    data = model.data_preprocessor(dict(inputs=[frames()], data_samples=[track]), False)
    with torch.no_grad():
        found = model.predict(data['inputs'], data['data_samples'])[0]
    rows = []
    for s in found.video_data_samples:
        p = s.pred_track_instances
        if name == 'strongsort':  # frame, id, x, y, w, h, score
            x = p.bboxes
            rows.append(dict(bboxes=np.concatenate([x[:, 2:4], x[:, 2:4] + x[:, 4:6]], 1).round(3).tolist(),
                             scores=x[:, 6].round(6).tolist(), ids=x[:, 1].astype(int).tolist()))
        else:
            rows.append(dict(bboxes=[[round(v, 3) for v in b] for b in p.bboxes.tolist()], scores=[round(v, 6) for v in p.scores.tolist()],
                             ids=p.instances_id.tolist()))
    print(name, [r['ids'] for r in rows], rows[0]['bboxes'][:4], [round(max(r['scores'], default=0), 3) for r in rows])
    return dict(config=cfg, extra_rules=rules, params=params if 'reid' in cfg else [], frames=rows)


def links():
    """Fragments of tracks of objects that move on: which of them are joined."""
    stable = np.argsort
    np.argsort = lambda a, **_: stable(a, kind='stable')  # the order of rows of one frame decides what is dropped
    link = AppearanceFreeLink('', confidence_threshold=0.5, spatial_threshold=60)
    state = link.state_dict()
    link.load_state_dict({k: torch.from_numpy(np.asarray(pvalue(k, tuple(v.shape), []))) for k, v in state.items()})
    rng, cases = np.random.default_rng(3), []
    for options in (dict(confidence_threshold=0.5, spatial_threshold=60), dict(confidence_threshold=0.4, spatial_threshold=75, temporal_threshold=(0, 8)),
                    dict(confidence_threshold=0.0, spatial_threshold=200, temporal_threshold=(0, 40))):
        for k, v in options.items():
            setattr(link, k, v)
        rows, births = [], []
        for _ in range(5):
            x, y, vx, vy, w, h = rng.uniform([0, 0, -4, -3, 20, 30], [300, 200, 4, 3, 40, 60])
            t = int(rng.integers(1, 10))
            for _ in range(3):
                length, gap = int(rng.integers(3, 40)), int(rng.integers(0, 10))
                births.append((t, len(births), [(t + k, x + vx * (t + k), y + vy * (t + k), w, h) for k in range(length)]))
                t += length - 1 + gap
        order = sorted(births, key=lambda b: b[:2])
        rows = [(f, i, *(round(float(v), 1) for v in box), 0.9) for i, (_, _, boxes) in enumerate(order) for f, *box in boxes]
        rows.sort(key=lambda r: r[0])
        out = link.forward(np.array(rows, dtype=float))
        cases.append(dict(options={k: list(v) if isinstance(v, tuple) else v for k, v in options.items()}, rows=rows, linked=out[:, :4].tolist()))
        print('links', len(set(r[1] for r in rows)), len(set(out[:, 1])), len(rows), len(out))
    np.argsort = stable
    return dict(params=[[k, list(v.shape)] for k, v in state.items()], cases=cases)


def write(name, value):
    path = OUT / name
    path.write_text(json.dumps(rounded(value), separators=(',', ':')) + '\n')
    print(path.name, path.stat().st_size)


if __name__ == '__main__':
    write('reid_model.json', reid_model())
    write('tracking_models.json', {name: tracked(name, cfg, RULES) for name, cfg in TRACKING.items()})
    write('appearance_free_link.json', links())
