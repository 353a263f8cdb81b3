"""Random panoptic maps, and what panopticapi says of them: ../panoptic_quality.json. Maps are small; among them are segments without a
match, crowds, pixels of none, an image without predictions, and one whose map has ids that are not annotated.

Needs panopticapi (of cocodataset; panopticapi-lite 0.2.0 has the same evaluation.py), numpy and Pillow. Run: python panoptic.py
"""
import json
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from panopticapi.evaluation import pq_compute_single_core
from panopticapi.utils import id2rgb

OUT = Path(__file__).parents[1] / 'panoptic_quality.json'
H, W = 18, 22
CATEGORIES = {i: dict(id=i, name=f'c{i}', isthing=int(i < 3)) for i in range(5)}
rng = np.random.default_rng(7)


def blobs(count, base):
    """`count` boxes over one another, ids from `base`."""
    ids = np.zeros((H, W), int)
    for k in range(count):
        y, x = rng.integers(0, H - 3), rng.integers(0, W - 3)
        ids[y:y + rng.integers(3, 14), x:x + rng.integers(3, 16)] = base + 7 * k
    return ids


def segments(ids, crowds=False):
    return [dict(id=int(i), category_id=int(rng.integers(0, 5)), iscrowd=int(crowds and rng.random() < 0.2), area=int((ids == i).sum()))
            for i in np.unique(ids) if i]


images = []
for n in range(24):
    truth = blobs(rng.integers(1, 9), 300 + n)
    given = segments(truth, crowds=True)
    found = np.where(rng.random((H, W)) < 0.12, 0, truth) if n % 3 else blobs(rng.integers(0, 7), 5)
    if n == 5:
        found = np.zeros((H, W), int)
    category = {s['id']: s['category_id'] for s in given}
    predicted = segments(found)
    for s in predicted:
        if s['id'] in category and rng.random() < 0.8:
            s['category_id'] = category[s['id']]
    if n == 8:  # an id of the map that no segment has
        given = given[1:]
    images.append(dict(truth=truth.tolist(), truths=given, found=found.tolist(), predicted=predicted))

with tempfile.TemporaryDirectory() as folder:
    root = Path(folder)
    pairs = []
    for n, image in enumerate(images):
        for kind in ('truth', 'found'):
            (root / kind).mkdir(exist_ok=True)
            Image.fromarray(id2rgb(np.array(image[kind]))).save(root / kind / f'{n}.png')
        pairs.append((dict(image_id=n, file_name=f'{n}.png', segments_info=image['truths']),
                      dict(image_id=n, file_name=f'{n}.png', segments_info=image['predicted'])))
    stat = pq_compute_single_core(0, pairs, str(root / 'truth'), str(root / 'found'), CATEGORIES)
expected = {}
for name, isthing in (('', None), ('_th', True), ('_st', False)):
    result, classes = stat.pq_average(CATEGORIES, isthing=isthing)
    expected.update({f'{k.upper()}{name}': result[k] for k in ('pq', 'sq', 'rq')})
    if isthing is None:
        per_class = [classes[i] for i in CATEGORIES]
slim = [{k: ([{f: s[f] for f in ('id', 'category_id', 'iscrowd')} for s in v] if k in ('truths', 'predicted') else v)
         for k, v in image.items()} for image in images]
OUT.write_text(json.dumps(dict(things=3, images=slim, expected=expected, classes=per_class), separators=(',', ':')) + '\n')
print(expected, OUT.stat().st_size)
