"""Small semi-supervised detectors, against which test/models/detectors/soft-teacher.test.ts compares ours: names and shapes of the
state dict, what the teacher finds in the student's view with its uncertainty, losses, gradient norms, and the detections of both.
Writes ../semi_models.json.

Weights, images and numbers in place of random ones as in zoo.py; normal ones are 2 u - 1. The views of an image without labels have
the pixels of the formula image, and matrices that are those of no step: the arithmetic is compared. Needs what zoo.py needs.
Run: python semi_models.py
"""
import copy
import json

import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData

from heads_single import MODELS, OUT, DefaultScope
from zoo import H, TRUTHS, W, Golden, filled, image, rounded
from zoo_families import RULES, pre
from zoo_roi_families import rcnn, standard, test_rcnn, two_stage
from zoo_small_families import SMALL_FAMILIES  # noqa: F401, registers what it needs

ORI = (120, 160)
VIEWS = dict(
    unsup_teacher=[[[0.8, 0, 0], [0, 0.8, 0], [0, 0, 1]], [[-0.8, 0, 128], [0, 0.8, 0], [0, 0, 1]]],
    unsup_student=[[[0.75, 0.15, -3], [-0.1, 0.7, 14], [0, 0, 1]], [[0.6, 0, 5], [0.1, 0.65, 2], [0, 0, 1]]],
)
rules = [*RULES, [r'teacher.*fc_cls\.weight$', 16], [r'teacher.*fc_reg\.weight$', 0.2]]
boxes_only = {k: v for k, v in test_rcnn.items() if k != 'mask_thr_binary'}
plain = {k: v for k, v in pre.items() if k != 'pad_mask'}
train = {k: v for k, v in rcnn().items() if k != 'mask_size'}
detector = dict(two_stage('FasterRCNN', standard(), train, boxes_only), data_preprocessor=plain)
semi = dict(freeze_teacher=True, sup_weight=1.0, unsup_weight=4.0, cls_pseudo_thr=0.6, min_pseudo_bbox_wh=(1e-2, 1e-2))
soft = dict(semi, pseudo_label_initial_score_thr=0.5, rpn_pseudo_thr=0.7, reg_pseudo_thr=0.02, jitter_times=10, jitter_scale=0.06)
wrapped = dict(type='MultiBranchDataPreprocessor', data_preprocessor=plain)
MODELS_OF = {
    'soft': dict(type='SoftTeacher', semi_train_cfg=soft),
    'nothing': dict(type='SoftTeacher', semi_train_cfg=dict(soft, pseudo_label_initial_score_thr=0.999, sup_weight=0.5)),
    'base': dict(type='SemiBaseDetector', semi_train_cfg=semi),
}


def view(i, branch):
    meta = dict(img_id=i, img_shape=(H, W), ori_shape=ORI, pad_shape=(H, W), scale_factor=(1.0, 0.5))
    s = DetDataSample(metainfo=meta)
    truth = TRUTHS[i] if branch == 'sup' else dict(bboxes=[], labels=[])
    s.gt_instances = InstanceData(bboxes=torch.tensor(truth['bboxes']).float().reshape(-1, 4), labels=torch.tensor(truth['labels']).long())
    if branch != 'sup':
        s.set_metainfo(dict(homography_matrix=np.array(VIEWS[branch][i], np.float32)))
    return s


def batch(model):
    pixels = [image(), image().flip(1)]
    names = ['sup', *VIEWS]
    data = dict(inputs={b: pixels if b != 'unsup_student' else [p.flip(2) for p in pixels] for b in names},
                data_samples={b: [view(i, b) for i in range(2)] for b in names})
    return model.data_preprocessor(data, True)


def with_numbers(compute):
    numbers, kept = Golden(), (torch.randn, torch.randperm)
    torch.randn = lambda *shape, **_: 2 * numbers.uniform(int(np.prod(shape))).view(*shape) - 1
    torch.randperm = lambda n, **_: torch.arange(n)
    try:
        return compute()
    finally:
        torch.randn, torch.randperm = kept


def listed(instances, **more):
    return dict(bboxes=instances.bboxes.tolist(), scores=instances.scores.tolist(), labels=instances.labels.tolist(), **more)


def run(name, part):
    cfg = dict(part, detector=detector, data_preprocessor=wrapped, semi_test_cfg=dict(predict_on='teacher'))
    with DefaultScope.overwrite_default_scope('mmdet'):
        model = MODELS.build(ConfigDict(copy.deepcopy(cfg)))
    model.load_state_dict(filled(model.state_dict(), rules))
    params = [[k, list(v.shape)] for k, v in model.state_dict().items()]
    model.train()
    data = batch(model)
    found, project = [], model.project_pseudo_instances

    def projected(*given):
        result = project(*given)
        found.extend(listed(s.gt_instances, **({'uncertainties': s.gt_instances.reg_uncs.tolist()} if 'reg_uncs' in s.gt_instances else {}))
                     for s in result)
        return result

    model.project_pseudo_instances = projected
    losses = with_numbers(lambda: model.loss(data['inputs'], copy.deepcopy(data['data_samples'])))
    total, logged = model.parse_losses(losses)
    total.backward()
    norms = {k: 0.0 if p.grad is None else float(p.grad.norm()) for k, p in model.named_parameters() if p.requires_grad}
    model.eval()
    detections = {}
    for twin in ('teacher', 'student'):
        model.semi_test_cfg['predict_on'] = twin
        with torch.no_grad():
            results = model.predict(data['inputs']['sup'], copy.deepcopy(data['data_samples']['sup']))
        detections[twin] = [listed(s.pred_instances) for s in results]
    print(name, {k: round(float(v), 4) for k, v in logged.items()})
    for f in found:
        print([round(v, 3) for v in f['scores']], [round(v, 4) for v in f.get('uncertainties', [])])
    print({k: [len(d['scores']) for d in v] for k, v in detections.items()})
    return dict(config=cfg, params=params, found=found, losses={k: float(v) for k, v in logged.items()}, grad_norms=norms, detections=detections)


if __name__ == '__main__':
    models = {name: run(name, part) for name, part in MODELS_OF.items()}
    for name in ('nothing', 'base'):  # as those of the first
        for key in ('params', 'detections'):
            models[name].pop(key)
    path = OUT / 'semi_models.json'
    path.write_text(json.dumps(rounded(dict(extra_rules=rules, truths=TRUTHS, ori_shape=ORI, views=VIEWS, models=models)),
                               separators=(',', ':')) + '\n')
    print(path.name, path.stat().st_size)
