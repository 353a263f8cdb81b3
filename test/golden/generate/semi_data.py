"""Writes semi_data.json: the batches of MMDetection's samplers of several data sets, unshuffled, and the homographies of its steps.

    cd test/golden/generate && python semi_data.py
"""

import json
from pathlib import Path

import numpy as np
from mmdet.datasets.samplers import GroupMultiSourceSampler, MultiSourceSampler
from mmdet.datasets.samplers import multi_source_sampler as module
from mmdet.datasets.transforms import RandomCrop, RandomFlip, Resize, Rotate, ShearX, ShearY, TranslateX, TranslateY
from mmdet.structures.bbox import HorizontalBoxes

GROUPS = [1, 0, 1, 1, 0, 1, 1, 0]  # drawn for each batch
UPRIGHT = [[0, 3, 4], [1, 2, 8]]  # portraits of each data set
SOURCES = [5, 9]


class Images:
    def __init__(self, length, upright):
        self.length, self.upright = length, upright

    def __len__(self):
        return self.length

    def get_data_info(self, index):
        return dict(width=3, height=4) if index in self.upright else dict(width=4, height=3)


class Joined:
    datasets = [Images(n, upright) for n, upright in zip(SOURCES, UPRIGHT)]
    cumulative_sizes = np.cumsum(SOURCES).tolist()

    def __len__(self):
        return sum(SOURCES)


def batches(kind, batch_size, source_ratio, rank=0, world=1):
    module.get_dist_info = lambda: (rank, world)
    groups = iter(GROUPS)
    choice, np.random.choice = np.random.choice, lambda *_, **__: next(groups)
    try:
        sampler = kind(Joined(), batch_size, source_ratio, shuffle=False, seed=0)
        drawn = iter(sampler)
        order = [[int(next(drawn)) for _ in range(batch_size)] for _ in GROUPS]
    finally:
        np.random.choice = choice
    return dict(batch_size=batch_size, source_ratio=source_ratio, rank=rank, world=world, counts=sampler.num_per_source, batches=order,
                **(dict(groups=GROUPS) if kind is GroupMultiSourceSampler else {}))


ALWAYS = dict(prob=1.0, reversal_prob=1.0)
CHAINS = [
    [('Resize', dict(scale=(37, 50), keep_ratio=True))],
    [('Resize', dict(scale=(33, 21), keep_ratio=False))],
    *[[('RandomFlip', dict(prob=1.0, direction=d))] for d in ('horizontal', 'vertical', 'diagonal')],
    [('RandomCrop', dict(crop_size=(30, 20), allow_negative_crop=True))],
    [('Rotate', dict(min_mag=20.0, max_mag=20.0, **ALWAYS))],
    [('ShearX', dict(min_mag=20.0, max_mag=20.0, **ALWAYS))],
    [('ShearY', dict(min_mag=10.0, max_mag=10.0, **ALWAYS))],
    [('TranslateX', dict(min_mag=0.2, max_mag=0.2, **ALWAYS))],
    [('TranslateY', dict(min_mag=0.1, max_mag=0.1, **ALWAYS))],
    [('Resize', dict(scale=(70, 60), keep_ratio=True)), ('RandomFlip', dict(prob=1.0, direction='horizontal')),
     ('Rotate', dict(min_mag=15.0, max_mag=15.0, **ALWAYS)), ('ShearX', dict(min_mag=5.0, max_mag=5.0, **ALWAYS)),
     ('RandomCrop', dict(crop_size=(40, 30), allow_negative_crop=True)), ('Resize', dict(scale=(64, 64), keep_ratio=False))],
]
KINDS = {k.__name__: k for k in (RandomCrop, RandomFlip, Resize, Rotate, ShearX, ShearY, TranslateX, TranslateY)}
HEIGHT, WIDTH = 44, 60


def homography(chain):
    results = dict(img=np.zeros((HEIGHT, WIDTH, 3), np.uint8), img_shape=(HEIGHT, WIDTH), gt_bboxes=HorizontalBoxes(np.array([[4, 5, 22, 20.]])),
                   gt_bboxes_labels=np.array([0]), gt_ignore_flags=np.array([False]))
    for name, options in chain:
        results = KINDS[name](**options)(results)
    steps = [dict(type=name, **options) for name, options in chain]
    return dict(steps=steps, img_shape=list(results['img_shape']), homography=results['homography_matrix'].tolist())


if __name__ == '__main__':
    RandomCrop._rand_offset = lambda self, margin: (3, 5)  # down, right
    plain = [(5, [1, 4]), (4, [1, 1]), (7, [3, 2])]
    orders = [
        *[batches(MultiSourceSampler, size, ratio) for size, ratio in plain],
        *[batches(MultiSourceSampler, 5, [1, 4], rank, 2) for rank in (0, 1)],
        *[batches(GroupMultiSourceSampler, size, ratio) for size, ratio in plain],
        *[batches(GroupMultiSourceSampler, 3, [1, 2], rank, 2) for rank in (0, 1)],
    ]
    found = dict(sources=SOURCES, upright=UPRIGHT, orders=orders, size=[HEIGHT, WIDTH], homographies=[homography(c) for c in CHAINS])
    (Path(__file__).parent.parent / 'semi_data.json').write_text(json.dumps(found) + '\n')
