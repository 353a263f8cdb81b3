"""Random and hostile sets of ground truth and detections, with what the reference evaluators say of them.

    pip install pycocotools==2.0.11 faster-coco-eval==1.8.0 hotcoco==1.3.0 lvis==0.5.3
    python metrics.py SETS OUT.json [SEED]          (mmdet 3.3 on the path too: eval_map, CrowdHumanMetric, OpenImagesMetric)

`test/golden/metrics.json` is 48 sets of seed 1; test/evaluation/differential.slow.test.ts runs 2,000. Every set is of one of the
KINDS. NaN is written as null. A reference that fails on a set has its error in place of numbers.
"""
import contextlib
import copy
import io
import json
import logging
import sys
import warnings

import numpy as np

np.float = float  # lvis 0.5.3
warnings.filterwarnings('ignore')
logging.disable(logging.WARNING)
import faster_coco_eval
import hotcoco
from lvis import LVIS, LVISEval, LVISResults
from pycocotools import mask as mask_utils
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

KINDS = ['plain', 'ties', 'nan scores', 'duplicates', 'id 0', 'empty', 'crowds', 'borders', 'nan boxes', 'degenerate', 'crowded', 'masks']


def box(rng, width, height, whole):
    w, h = rng.uniform(2, width * 0.8), rng.uniform(2, height * 0.8)
    x, y = rng.uniform(-2, width - w), rng.uniform(-2, height - h)
    values = [x, y, w, h]
    return [float(round(v)) if whole else round(float(v), 1) for v in values]


def polygon(rng, width, height):
    x, y, w, h = rng.integers(0, width // 2), rng.integers(0, height // 2), rng.integers(4, width // 2), rng.integers(4, height // 2)
    points = [[x, y + h // 2], [x + w // 2, y], [x + w, y + h // 3], [x + w // 2, y + h]]
    return [[int(v) for point in points for v in point]]


def make_set(rng, kind):
    images, gts, dts = [], [], []
    zero = kind == 'id 0'
    count = int(rng.integers(1, 5))
    ids = rng.choice(np.arange(1, 40), count, replace=False)
    if zero:
        ids[0] = 0
    classes = int(rng.integers(1, 5))
    cats = sorted(int(c) for c in rng.choice(np.arange(1, 20), classes, replace=False))
    if zero:
        cats[0] = 0
    whole = kind in ('borders', 'ties', 'duplicates') or rng.random() < 0.3
    grid = kind in ('ties', 'duplicates')
    for image_id in ids:
        width, height = (int(v) for v in rng.integers(40, 200, 2))
        negative = [c for c in cats if rng.random() < 0.3]
        images.append(dict(id=int(image_id), width=width, height=height, neg_category_ids=negative,
                           not_exhaustive_category_ids=[c for c in cats if rng.random() < 0.2]))
        n = int(rng.integers(0, 6))
        if kind == 'empty' and rng.random() < 0.6:
            n = 0
        for _ in range(n):
            b = box(rng, width, height, whole)
            if kind == 'borders':
                b[2:] = [[32.0, 32.0], [96.0, 96.0], [33.0, 32.0], [16.0, 64.0]][int(rng.integers(0, 4))]
            if kind == 'degenerate' and rng.random() < 0.3:
                b[int(rng.integers(2, 4))] = 0.0
            gt = dict(image_id=int(image_id), category_id=int(rng.choice(cats)), bbox=b, area=round(b[2] * b[3] * float(rng.choice([1, 0.7])), 2),
                      iscrowd=int(kind == 'crowds' and rng.random() < 0.4))
            if kind == 'masks':
                gt['segmentation'] = polygon(rng, width, height)
                rle = mask_utils.merge(mask_utils.frPyObjects(gt['segmentation'], height, width))
                gt['bbox'], gt['area'] = [float(v) for v in mask_utils.toBbox(rle)], float(mask_utils.area(rle))
            gts.append(gt)
            if kind == 'duplicates' and rng.random() < 0.5:
                gts.append(copy.deepcopy(gt))
            for _ in range(int(rng.integers(0, 4))):
                jitter = rng.choice([0, 0, 1, 2, 6], 4) * (rng.random() if not whole else 1)
                d = [round(float(v), 1) for v in np.array(gt['bbox']) + jitter]
                category = gt['category_id'] if rng.random() < 0.85 else int(rng.choice(cats))
                dts.append(dict(image_id=int(image_id), category_id=category, bbox=d))
        for _ in range(int(rng.integers(0, 4)) if kind != 'crowded' else int(rng.integers(90, 340))):
            dts.append(dict(image_id=int(image_id), category_id=int(rng.choice(cats)), bbox=box(rng, width, height, whole)))
    if kind == 'empty' and rng.random() < 0.4:
        dts = []
    for dt in dts:
        score = rng.random()
        dt['score'] = round(score * 5) / 5 if grid else round(float(score), 3)
        if kind == 'nan scores' and rng.random() < 0.2:
            dt['score'] = float('nan')
        if kind == 'nan boxes' and rng.random() < 0.3:
            dt['bbox'][int(rng.integers(0, 4))] = float('nan')
        if kind == 'degenerate' and rng.random() < 0.2:
            dt['bbox'][int(rng.integers(2, 4))] = 0.0
        if kind == 'masks':
            image = next(i for i in images if i['id'] == dt['image_id'])
            near = [g for g in gts if g['image_id'] == dt['image_id']]
            shape = copy.deepcopy(near[int(rng.integers(0, len(near)))]['segmentation']) if near and rng.random() < 0.8 else polygon(rng, image['width'], image['height'])
            shape = [[int(v + s) for v, s in zip(part, rng.integers(0, 3, len(part)))] for part in shape]
            rle = mask_utils.merge(mask_utils.frPyObjects(shape, image['height'], image['width']))
            dt['segmentation'] = dict(size=[int(v) for v in rle['size']], counts=rle['counts'].decode())
            dt['bbox'] = [float(v) for v in mask_utils.toBbox(rle)]
    if kind == 'duplicates':
        dts = [d for dt in dts for d in ([dt] if rng.random() < 0.7 else [dt, copy.deepcopy(dt)])]
    # frequencies of LVIS
    categories = [dict(id=c, name=f'class {c}', frequency='rcf'[int(rng.integers(0, 3))]) for c in cats]
    # and OpenImages' hierarchy, groups and verified labels
    for i, category in enumerate(categories):
        above = categories[int(rng.integers(0, i))]['name'] if i > 0 and rng.random() < 0.5 else 'all'
        category['supercategory'] = above
    for gt in gts:
        gt['isgroupof'] = int(rng.random() < 0.15)
    for image in images:
        image['image_level_labels'] = [c for c in cats if rng.random() < 0.3]
    for i, gt in enumerate(gts):
        gt['id'] = i if zero else i + 1
    return dict(kind=kind, images=images, categories=categories, annotations=gts, detections=dts)


def plain(value):
    return None if value is None or np.isnan(value) else round(float(value), 9)


@contextlib.contextmanager
def quiet():
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


def attempt(run):
    try:
        with quiet():
            return run()
    except BaseException as error:  # hotcoco panics
        return f'{type(error).__name__}: {str(error)[:160]}'


def dataset_of(one):
    return dict(info={}, images=one['images'], categories=one['categories'], annotations=one['annotations'])


def run_coco(one, kind, use_cats=1, max_dets=None, evaluator=COCOeval):
    gt = COCO()
    gt.dataset = copy.deepcopy(dataset_of(one))
    gt.createIndex()
    results = copy.deepcopy(one['detections'])
    if kind == 'segm':
        for result in results:
            result.pop('bbox')
    else:
        for entry in results + gt.dataset['annotations']:
            entry.pop('segmentation', None)
        gt.createIndex()
    dt = loaded(gt, results)
    if evaluator is WithoutNaN:  # x1, y1, x2, y2 with a NaN have no area
        for annotation in dt.anns.values():
            if np.isnan(annotation['bbox']).any():
                annotation['area'] = float('nan')
    evaluation = evaluator(gt, dt, kind)
    evaluation.params.useCats = use_cats
    if max_dets:
        evaluation.params.maxDets = max_dets
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    precision = evaluation.eval['precision'][:, :, :, 0, -1]
    classes = [precision[:, :, k] for k in range(precision.shape[2])]
    return dict(stats=[plain(v) for v in evaluation.stats], classes=[plain(c[c > -1].mean()) if (c > -1).any() else -1 for c in classes])


def explained(one):
    """As DetLab reads a set: detections without a score are left out, ids begin at 1, detections are kept by their corners."""
    one = copy.deepcopy(one)
    one['detections'] = [d for d in one['detections'] if not np.isnan(d['score'])]
    for i, annotation in enumerate(one['annotations']):
        annotation['id'] = i + 1
    for detection in one['detections']:
        x, y, w, h = detection['bbox']
        detection['bbox'] = [x, y, (x + w) - x, (y + h) - y]
    return one


class WithoutNaN(COCOeval):
    """A box with a NaN meets nothing; C's fmin takes the side of the other box."""

    def computeIoU(self, image_id, category_id):
        ious = super().computeIoU(image_id, category_id)
        dts = [d for (i, c), list_ in self._dts.items() if i == image_id and (c == category_id or not self.params.useCats) for d in list_]
        order = np.argsort([-d['score'] for d in dts], kind='mergesort')
        for row, k in enumerate(order[: len(ious)]):
            if np.isnan(dts[k]['bbox']).any():
                ious[row] = 0
        return ious


class LvisWithoutNaN(LVISEval):
    def compute_iou(self, image_id, category_id):
        ious = super().compute_iou(image_id, category_id)
        _, dts = self._get_gt_dt(image_id, category_id)
        order = np.argsort([-d['score'] for d in dts], kind='mergesort')
        for row, k in enumerate(order[: len(ious)]):
            if np.isnan(dts[k]['bbox']).any():
                ious[row] = 0
        return ious


def loaded(gt, results):
    if results:
        return gt.loadRes(results)
    empty = type(gt)()  # loadRes of nothing fails on results[0]
    empty.dataset = dict(images=gt.dataset['images'], categories=gt.dataset['categories'], annotations=[])
    empty.createIndex()
    return empty


def run_faster(one, kind):
    gt = faster_coco_eval.COCO(copy.deepcopy(dataset_of(one)))
    results = copy.deepcopy(one['detections'])
    for entry in results:
        entry.pop('bbox' if kind == 'segm' else 'segmentation', None)
    dt = gt.loadRes(results)
    evaluation = faster_coco_eval.COCOeval_faster(gt, dt, kind)
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return [plain(v) for v in evaluation.stats[:12]]


def run_hotcoco(one, kind, lvis=False):
    gt = hotcoco.COCO(copy.deepcopy(dataset_of(one)))
    results = copy.deepcopy(one['detections'])
    if not lvis:
        for entry in results:
            entry.pop('bbox' if kind == 'segm' else 'segmentation', None)
    dt = gt.load_res(results)
    if lvis:
        evaluation = hotcoco.COCOeval(gt, dt, kind, lvis_style=True)
        evaluation.run()
        return {k: plain(v) for k, v in evaluation.get_results().items()}
    evaluation = hotcoco.COCOeval(gt, dt, kind)
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return [plain(v) for v in evaluation.stats]


def run_lvis(one, kind, evaluator=LVISEval):
    gt = LVIS.__new__(LVIS)
    gt.logger = logging.getLogger('lvis')
    gt.dataset = copy.deepcopy(dataset_of(one))
    gt._create_index()
    dt = LVISResults(gt, copy.deepcopy(one['detections']))
    if evaluator is LvisWithoutNaN:
        for annotation in dt.anns.values():
            if np.isnan(annotation['bbox']).any():
                annotation['area'] = float('nan')
    evaluation = evaluator(gt, dt, kind)
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return {k: plain(v) for k, v in evaluation.get_results().items()}


def references(one):
    kind = 'segm' if one['kind'] == 'masks' else 'bbox'
    as_read = explained(one)
    coco = attempt(lambda: run_coco(one, kind))
    coco_as_read = attempt(lambda: run_coco(as_read, kind, evaluator=WithoutNaN))
    proposal = attempt(lambda: run_coco(one, 'bbox', use_cats=0, max_dets=[10, 20, 100])['stats'])
    proposal_as_read = attempt(lambda: run_coco(as_read, 'bbox', use_cats=0, max_dets=[10, 20, 100], evaluator=WithoutNaN)['stats'])
    lvis = attempt(lambda: run_lvis(one, kind))
    lvis_as_read = attempt(lambda: run_lvis(as_read, kind, evaluator=LvisWithoutNaN))
    return dict(
        coco=coco,
        **(dict(cocoExplained=coco_as_read) if coco_as_read != coco else {}),
        faster=attempt(lambda: run_faster(one, kind)),
        hotcoco=attempt(lambda: run_hotcoco(one, kind)),
        proposal=proposal,
        **(dict(proposalExplained=proposal_as_read) if proposal_as_read != proposal else {}),
        lvis=lvis,
        **(dict(lvisExplained=lvis_as_read) if lvis_as_read != lvis else {}),
        hotcocoLvis=attempt(lambda: run_hotcoco(one, kind, True)),
        **(attempt_mmdet(one) if MMDET else {}),
    )


MMDET = False
with contextlib.suppress(ImportError), quiet():
    from metrics_mmdet import attempt_mmdet
    MMDET = True


def nulls(value):
    if isinstance(value, float) and np.isnan(value):
        return None
    if isinstance(value, list):
        return [nulls(v) for v in value]
    if isinstance(value, dict):
        return {k: nulls(v) for k, v in value.items()}
    return value


if __name__ == '__main__':
    sets, out, seed = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 1
    found = []
    kinds = KINDS if sets > 100 else [k for k in KINDS if k != 'crowded']
    for i in range(sets):
        one = make_set(np.random.default_rng([seed, i]), kinds[i % len(kinds)])
        found.append(nulls({**one, 'references': references(one)}))
    with open(out, 'w') as file:
        json.dump(found, file, separators=(',', ':'))
        file.write('\n')
