# Writes test/golden/flops_more.json: multiply-adds of MMDetection's and MMYOLO's detectors in evaluation, as mmengine's
# counter gives them in all and by operation, with the number of regions that reached the second stage.
# Custom operators of mmcv (deformable convolution, RoIAlign) count as nothing there; multi-scale deformable attention
# runs by its grid sampling. At most 200 regions reach a second stage.
# Needs mmdet 3.3.0, mmcv 2.1.0, mmengine 0.10.7, mmyolo 0.6.0 and torch. Run: python flops_more.py [name ...]
import functools
import json
import pathlib
import sys

import mmdet
import mmyolo
import torch
from mmdet.utils import register_all_modules
from mmengine.analysis import FlopAnalyzer
from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope

register_all_modules(init_default_scope=True)
import mmyolo.models  # noqa: E402,F401

GOLDEN = pathlib.Path(__file__).parent.parent / 'flops_more.json'
folders = [pathlib.Path(module.__file__).parent / '.mim' / 'configs' for module in (mmdet, mmyolo)]
CASES = {
    'cascade-mask-rcnn_r50_fpn_1x_coco': (128, 160),
    'faster-rcnn_r50-dconv-c3-c5_fpn_1x_coco': (128, 160),
    'mask-rcnn_swin-t-p4-w7_fpn_1x_coco': (128, 160),
    'deformable-detr_r50_16xb2-50e_coco': (128, 160),
    'detr_r50_8xb2-150e_coco': (128, 160),
    'rtmdet_s_8xb32-300e_coco': (160, 160),
    'fcos_r50-caffe_fpn_gn-head_1x_coco': (128, 160),
    'yolov8_s_syncbn_fast_8xb16-500e_coco': (160, 160),
}
result = json.loads(GOLDEN.read_text()) if GOLDEN.exists() and sys.argv[1:] else {}
for name in sys.argv[1:] or CASES:
    (file,) = [f for folder in folders for f in folder.glob(f'*/{name}.py')]
    cfg = Config.fromfile(file)
    init_default_scope(cfg.get('default_scope', 'mmdet'))
    cfg.model.backbone.init_cfg = None
    if 'roi_head' in cfg.model:
        cfg.model.test_cfg.rpn.max_per_img = 200
    model = MODELS.build(cfg.model).eval()
    size = CASES[name]
    regions = []
    if hasattr(model, 'roi_head') and hasattr(model.roi_head, '_bbox_forward'):
        original = model.roi_head._bbox_forward

        def spied(*args, **kwargs):
            regions.append(max((a for a in (*args, *kwargs.values()) if torch.is_tensor(a)), key=lambda a: a.ndim).shape[0])
            return original(*args, **kwargs)
        model.roi_head._bbox_forward = spied
    from mmdet.structures import DetDataSample
    sample = DetDataSample(metainfo=dict(img_shape=size, ori_shape=size, pad_shape=size, batch_input_shape=size,
                                         scale_factor=(1., 1.), img_id=0))
    if hasattr(model, 'init_weights') and name.startswith('deformable'):
        model.init_weights()
    model.forward = functools.partial(model.forward, data_samples=[sample])
    counter = FlopAnalyzer(model, torch.zeros(1, 3, *size)).unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    total = counter.total()
    result[name] = dict(input=size, flops=int(total), by_operator={k: int(v) for k, v in counter.by_operator().items()},
                        **({'regions': int(regions[0])} if regions else {}))
    print(name, result[name], flush=True)
    GOLDEN.write_text(json.dumps(result, indent=1) + '\n')
