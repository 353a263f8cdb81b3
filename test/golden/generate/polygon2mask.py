"""Writes ../polygon2mask.json: what MMYOLO's Polygon2Mask makes of three objects, by COCO's run lengths, in the order it gives them.

Needs mmyolo 0.6.0, mmdet 3.3.0, mmcv 2.1.0 and pycocotools. Run: python polygon2mask.py
"""
import json
from pathlib import Path

import numpy as np
from mmdet.structures.mask import PolygonMasks
from mmyolo.datasets.transforms import Polygon2Mask
from pycocotools import mask as coco

H, W = 61, 90
OBJECTS = [
    [10.5, 8.2, 40.1, 12.7, 35.9, 50.3, 6.4, 44.8],
    [2, 3, 80.6, 5.1, 86.2, 57.9, 50, 30.5, 4.4, 59.8],
    [60.2, 20.7, 70.9, 22.2, 66.6, 37.1],
]


def rle(bitmap):
    return coco.encode(np.asfortranarray(np.asarray(bitmap).astype(np.uint8)))['counts'].decode()


cases = []
for options in (dict(), dict(downsample_ratio=2), dict(downsample_ratio=3), dict(mask_overlap=False),
                dict(coco_style=True)):
    masks = PolygonMasks([[np.array(o)] for o in OBJECTS], H, W)
    found = Polygon2Mask(**options).transform(dict(gt_masks=masks, gt_bboxes=np.zeros((3, 4)), gt_bboxes_labels=np.arange(3)))
    if options.get('mask_overlap', True):
        joint = found['gt_panoptic_seg'][0].numpy()
        bitmaps = [joint == i + 1 for i in range(3)]
    else:
        bitmaps = list(found['gt_masks'].numpy())
    cases.append(dict(options=options, size=list(bitmaps[0].shape), labels=found['gt_bboxes_labels'].tolist(), masks=[rle(b) for b in bitmaps]))
path = Path(__file__).parent.parent / 'polygon2mask.json'
path.write_text(json.dumps(dict(height=H, width=W, objects=OBJECTS, cases=cases), separators=(',', ':')) + '\n')
