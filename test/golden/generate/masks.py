# Writes test/golden/masks.json: what pycocotools, OpenCV and MMDetection make of masks. Polygons to run lengths, merging,
# overlaps, boxes; bitmaps resized and mirrored; targets of a mask head; its output pasted into the image.
# Needs mmdet 3.3.0, mmcv 2.1.0 (roi_align for the CPU), pycocotools 2.0.11, opencv-python.
# Run: python test/golden/generate/masks.py [number of polygons] [target file]
import json
import pathlib
import sys

import numpy as np
import torch
from mmdet.models.roi_heads.mask_heads.fcn_mask_head import _do_paste_mask
from mmdet.structures.mask import BitmapMasks, PolygonMasks, mask_target
from mmengine.config import ConfigDict
from pycocotools import mask as coco

count = int(sys.argv[1]) if len(sys.argv) > 1 else 40
rng = np.random.default_rng(7)


def polygon(h, w):
    kind = rng.integers(4)
    n = int(rng.integers(3, 12))
    if kind == 0:  # scattered corners, also outside of the image
        p = rng.uniform(-0.4, 1.4, (n, 2)) * [w, h]
    elif kind == 1:  # a blob
        a = np.sort(rng.uniform(0, 2 * np.pi, n))
        r = rng.uniform(0.1, 0.6, (n, 1))
        p = (rng.uniform(0.2, 0.8, 2) + r * np.stack([np.cos(a), np.sin(a)], 1)) * [w, h]
    elif kind == 2:  # upright, on whole and half pixels
        x1, y1, x2, y2 = rng.integers(0, 2 * max(h, w), 4) / 2
        p = np.array([[x1, y1], [x1, y2], [x2, y2], [x2, y1]])
    else:  # corners twice, slivers
        p = np.repeat(rng.uniform(0, 1, (n, 2)) * [w, h], 2, 0)
        p[1::2] += rng.uniform(-0.3, 0.3, (n, 2)) * (rng.uniform(size=(n, 1)) < 0.5)
    return [round(float(v), 2) for v in p.reshape(-1)]


def text(rle):
    return rle["counts"].decode()


def encode(bitmap):
    return text(coco.encode(np.asfortranarray(bitmap.astype(np.uint8))))


polygons = []
for _ in range(count):
    h, w = (int(v) for v in rng.integers(1, 60, 2))
    p = polygon(h, w)
    rle = coco.frPyObjects([p], h, w)[0]
    polygons.append(
        {"h": h, "w": w, "polygon": p, "counts": text(rle), "area": int(coco.area(rle)), "box": coco.toBbox(rle).tolist()}
    )

groups = []
for _ in range(max(count // 5, 6)):
    h, w = (int(v) for v in rng.integers(8, 60, 2))
    parts = [polygon(h, w) for _ in range(int(rng.integers(1, 5)))]
    rles = coco.frPyObjects(parts, h, w)
    others = coco.frPyObjects([polygon(h, w) for _ in range(3)], h, w)
    crowd = [int(v) for v in rng.integers(0, 2, 3)]
    groups.append(
        {
            "h": h, "w": w, "parts": parts,
            "union": text(coco.merge(rles)), "intersection": text(coco.merge(rles, intersect=True)),
            "others": [text(r) for r in others], "crowd": crowd,
            "iou": coco.iou(rles, others, crowd).tolist(),
        }
    )

changed = []
for _ in range(max(count // 5, 6)):
    h, w = (int(v) for v in rng.integers(5, 50, 2))
    bitmap = coco.decode(coco.merge(coco.frPyObjects([polygon(h, w) for _ in range(3)], h, w)))
    masks = BitmapMasks(bitmap[None], h, w)
    size = tuple(int(v) for v in rng.integers(3, 90, 2))
    padded = (h + int(rng.integers(0, 9)), w + int(rng.integers(0, 9)))
    changed.append(
        {
            "h": h, "w": w, "counts": encode(bitmap), "size": size, "resized": encode(masks.resize(size).masks[0]),
            **{d: encode(masks.flip(d).masks[0]) for d in ("horizontal", "vertical", "diagonal")},
            "padded": padded, "pad": encode(masks.pad(padded).masks[0]),
        }
    )

targets = []
for k in range(8):
    h, w = (int(v) for v in rng.integers(20, 90, 2))
    objects = [[polygon(h, w) for _ in range(int(rng.integers(1, 3)))] for _ in range(3)]
    if k % 2 == 0:  # upright objects and boxes on whole pixels: averages of exactly one half
        objects = [[[2, 3, 2, h / 2, w / 2, h / 2, w / 2, 3]]] + objects
    boxes = rng.uniform(0, 1, (9, 4)) * [w, h, w, h]
    boxes = np.concatenate([np.minimum(boxes[:, :2], boxes[:, 2:]), np.maximum(boxes[:, :2], boxes[:, 2:])], 1)
    boxes[0] = [-3.5, -2, w + 4, h + 3]
    if k % 2 == 0:
        boxes[3:] = np.round(boxes[3:])
    boxes = boxes.round(2).astype(np.float32)
    inds = rng.integers(0, len(objects), 9)
    size = [(28, 28), (7, 11), (14, 14), (28, 28)][k % 4]
    bitmap = BitmapMasks([coco.decode(coco.merge(coco.frPyObjects(o, h, w))) for o in objects], h, w)
    poly = PolygonMasks([[np.array(p, dtype=np.float64) for p in o] for o in objects], h, w)
    cfg = ConfigDict(mask_size=size)
    run = lambda m, c: mask_target([torch.from_numpy(boxes)], [torch.from_numpy(inds)], [m], c).numpy()
    case = {
        "h": h, "w": w, "objects": objects, "boxes": boxes.astype(float).round(2).tolist(), "inds": inds.tolist(), "size": size,
        "bitmap": [encode(t) for t in run(bitmap, cfg)], "polygon": [encode(t) for t in run(poly, cfg)],
    }
    if k < 2:
        soft = run(bitmap, ConfigDict(mask_size=size, soft_mask_target=True))
        case["soft"] = [round(float(v), 7) for v in soft[:3].reshape(-1)]
    targets.append(case)

pasted = []
for k in range(10):
    h, w = (int(v) for v in rng.integers(10, 80, 2))
    box = (rng.uniform(-0.2, 0.5, 4) * [w, h, w, h]).round(3) + [0, 0, w * 0.6, h * 0.6]
    box = np.concatenate([np.minimum(box[:2], box[2:]), np.maximum(box[:2], box[2:])]).astype(np.float32)
    if k == 8:
        box = np.array([3, 4, 3, 9], np.float32)  # no width
    size = [(28, 28), (5, 9)][k % 2]
    grid = torch.from_numpy((1 / (1 + np.exp(-4 * rng.normal(size=size)))).astype(np.float32).round(4))
    threshold = [0.5, 0.3, 0.7][k % 3]
    whole = np.zeros((h, w), bool)
    part, where = _do_paste_mask(grid[None, None], torch.from_numpy(box)[None], h, w, skip_empty=True)
    whole[where] = (part[0] >= threshold).numpy()
    pasted.append(
        {"h": h, "w": w, "box": [float(v) for v in box], "size": size, "threshold": threshold,
         "grid": [round(float(v), 4) for v in grid.reshape(-1)], "counts": encode(whole)}
    )

result = {"polygons": polygons, "groups": groups, "changed": changed, "targets": targets, "pasted": pasted}
target = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else pathlib.Path(__file__).parent.parent / "masks.json"
target.write_text(json.dumps(result, separators=(",", ":")) + "\n")
print(target, target.stat().st_size)
