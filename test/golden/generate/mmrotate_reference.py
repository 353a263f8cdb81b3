"""MMRotate 1.0.0rc1 beside mmdet 3.3.0 and mmyolo 0.6.0, for rotated_boxes.py and zoo.py rtmdet_r.

MMROTATE names the folder of the unpacked wheel (`pip download --no-deps mmrotate==1.0.0rc1`, unzip). Imported before mmyolo, it
lets the newer mmdet pass the version check, stands in for e2cnn, of which nothing is used here, and for the operator that sorts
the corners of polygons, which mmcv has for GPUs alone.
"""
import collections
import collections.abc
import os
import sys
from unittest.mock import MagicMock

import torch

sys.path.insert(0, os.environ['MMROTATE'])
for name in ('e2cnn', 'e2cnn.nn'):
    sys.modules.setdefault(name, MagicMock())
collections.Sequence = collections.abc.Sequence  # of Python before 3.10

import mmdet  # noqa: E402

version, mmdet.__version__ = mmdet.__version__, '3.0.0'
import mmrotate  # noqa: E402,F401
mmdet.__version__ = version
import mmrotate.evaluation  # noqa: E402,F401
import mmrotate.models  # noqa: E402,F401
import mmrotate.structures  # noqa: E402,F401
from mmcv.ops import diff_iou_rotated  # noqa: E402


def sorted_vertices(vertices, mask, num_valid):
    """Indices [B, N, 9] of the valid corners by angle, the first one once more, then any without a corner."""
    out = torch.zeros(*mask.shape[:2], 9, dtype=torch.int32)
    for b in range(mask.shape[0]):
        for n in range(mask.shape[1]):
            valid = mask[b, n].nonzero().flatten().tolist()
            pad = next(i for i in range(8, 24) if not mask[b, n, i])
            if len(valid) < 3:
                out[b, n] = pad
                continue
            points = vertices[b, n].detach().double()
            distinct = []
            for i in valid:  # one of several corners in one place
                if all((points[i] - points[k]).abs().max() > 1e-6 for k in distinct):
                    distinct.append(i)
            order = sorted(distinct, key=lambda i: float(torch.atan2(points[i, 1], points[i, 0])))
            row = order + order[:1]
            out[b, n] = torch.tensor(row + [pad] * (9 - len(row)))
    return out


diff_iou_rotated.SortVertices.apply = staticmethod(sorted_vertices)
