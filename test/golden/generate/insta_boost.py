"""Writes ../insta_boost.json: images of MMDetection's InstaBoost (instaboostfast 0.1.2) where nothing is left to chance, and OpenCV's
inpainting. Needs mmdet 3.3.0, mmcv 2.1.0, instaboostfast 0.1.2, scikit-image. Run: python insta_boost.py"""
import base64
import json
import pathlib

import cv2
import numpy as np
from mmdet.registry import TRANSFORMS
from mmdet.utils import register_all_modules

register_all_modules()
H, W = 56, 72
y, x = np.mgrid[:H, :W]
image = np.stack([(3 * x + 5 * y) % 256, ((x * x) // 7 + 2 * y) % 256, ((x // 16 + y // 16) % 2) * 160 + (x * y) % 96], 2).astype(np.uint8)
# no box reaches within ten pixels of the edge; the first two overlap
outlines = [[14, 14, 34, 13, 36, 30, 20, 33], [30, 25, 44, 24, 42, 40, 31, 38], [50, 14, 59, 16, 58, 30, 51, 28]]


def encoded(pixels):
    return base64.b64encode(cv2.imencode('.png', pixels)[1].tobytes()).decode()


def box(o):
    return [float(min(o[::2])), float(min(o[1::2])), float(max(o[::2])), float(max(o[1::2]))]


mask = np.zeros((H, W), np.uint8)
cv2.fillPoly(mask, [np.array(o).reshape(-1, 2) for o in outlines], 1)
out = dict(image=encoded(image), outlines=outlines, inpainted=encoded(cv2.inpaint(image, mask, 5, cv2.INPAINT_NS)), mask=encoded(mask), cases=[])
for action, scale, theta in (('normal', 1.1, 4), ('horizontal', 0.9, 0), ('vertical', 1.0, -7), ('skip', 1.0, 0)):
    config = dict(type='InstaBoost', action_candidate=(action, ), action_prob=(1, ), scale=(scale, scale), dx=1000, dy=1000,
                  theta=(theta, theta), color_prob=0., aug_ratio=1.)
    results = dict(img=image.copy(), instances=[dict(bbox=box(o), bbox_label=i, mask=[list(map(float, o))], ignore_flag=0)
                                                for i, o in enumerate(outlines)])
    done = TRANSFORMS.build(config)(results)
    out['cases'].append(dict(config={k: v for k, v in config.items()}, image=encoded(done['img']),
                             instances=[dict(bbox=i['bbox'], label=i['bbox_label']) for i in done['instances']]))
path = pathlib.Path(__file__).parent.parent / 'insta_boost.json'
path.write_text(json.dumps(out, separators=(',', ':')) + '\n')
print(path.stat().st_size, [c['instances'] for c in out['cases']])
