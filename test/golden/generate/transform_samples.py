"""Four small images with boxes, an ignored one, and outlines: what the transforms of mixing.py and augment.py are given."""
import cv2
import numpy as np
import torch
from mmdet.structures.bbox import HorizontalBoxes
from mmdet.structures.mask import BitmapMasks, PolygonMasks


# ---- outlines are recorded unclipped: MMDetection moves their corners outside the image to its border, DetLab cuts edges there
def translate(self, out_shape, offset, direction='horizontal', border_value=None, interpolation=None):
    moved = [[p + np.resize([offset, 0] if direction == 'horizontal' else [0, offset], len(p)) for p in parts]
             for parts in self.masks]
    return PolygonMasks(moved, *out_shape)


PolygonMasks.translate = translate


def image(seed, w, h):
    rng = np.random.RandomState(seed)
    coarse = rng.randint(0, 256, (h // 5 + 2, w // 5 + 2, 3)).astype(np.uint8)
    smooth = cv2.resize(coarse, (w, h), interpolation=cv2.INTER_CUBIC).astype(np.int32)
    return np.clip(smooth + rng.randint(-12, 13, (h, w, 3)), 0, 255).astype(np.uint8)


SIZES = [(60, 44), (37, 52), (80, 30), (48, 48)]
BOXES = [
    [[4, 5, 22, 20.5], [30.25, 12, 58, 40], [1, 30, 9, 43]],
    [[3, 3, 30, 25], [10, 28, 36, 50]],
    [[5, 4, 20, 26], [40, 2, 79, 29], [60, 10, 66, 15.5]],
    [[0, 0, 24, 24], [25, 26, 47, 47]],
]
images = [image(i, w, h) for i, (w, h) in enumerate(SIZES)]


def outline(box):
    x1, y1, x2, y2 = box
    return [np.array([x1, y1, x2, (y1 * 2 + y2) / 3, x2 - (x2 - x1) / 4, y2, x1 + 1, (y1 + y2) / 2])]


def results(i, masks=None):
    w, h = SIZES[i]
    r = dict(img=images[i].copy(), img_shape=(h, w), ori_shape=(h, w), img_id=i, img_path=str(i))
    r['gt_bboxes'] = HorizontalBoxes(torch.tensor(BOXES[i], dtype=torch.float32))
    n = len(BOXES[i])
    r['gt_bboxes_labels'] = np.arange(n) + 10 * i
    r['gt_ignore_flags'] = np.array([k == n - 1 for k in range(n)])
    polygons = [outline(b) for b in BOXES[i]]
    if masks == 'polygon':
        r['gt_masks'] = PolygonMasks(polygons, h, w)
    if masks == 'bitmap':
        r['gt_masks'] = BitmapMasks(PolygonMasks(polygons, h, w).to_ndarray().astype(np.uint8), h, w)
    return r
