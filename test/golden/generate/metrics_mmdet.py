"""What MMDetection 3.3's own metrics say of the sets of metrics.py: eval_map (VOC), eval_recalls, OpenImagesMetric, CrowdHumanMetric.

Not compared: `use_group_of=False` of OpenImagesMetric, which always fails. NumPy's argsort is made stable, images may be empty, and lists of arrays of several lengths are arrays of objects, without which eval_recalls fails.
"""
import contextlib
import io
import queue

import numpy as np
import torch
from mmdet.evaluation.functional import mean_ap, recall
from mmdet.evaluation.metrics import crowdhuman_metric, openimages_metric


class StableNumpy:
    def __getattr__(self, name):
        return getattr(np, name)

    @staticmethod
    def argsort(values, *rest):
        return np.argsort(values, kind='stable')

    @staticmethod
    def array(values, *rest, **options):
        try:
            return np.array(values, *rest, **options)
        except ValueError:
            found = np.empty(len(values), dtype=object)
            for i, value in enumerate(values):
                found[i] = value
            return found


class SerialPool:
    def __init__(self, count):
        pass

    def starmap(self, run, arguments):
        return [run(*given) for given in arguments]

    def close(self):
        pass


class DescendingNumpy(StableNumpy):
    # eval_recalls reverses: equal scores keep their order
    @staticmethod
    def argsort(values, *rest):
        return np.argsort(-values, kind='stable')[::-1]


mean_ap.np = StableNumpy()
mean_ap.Pool = SerialPool
recall.np = DescendingNumpy()
load_gt_boxes = crowdhuman_metric.Image.load_gt_boxes
crowdhuman_metric.Image.load_gt_boxes = staticmethod(
    lambda record, key, names: load_gt_boxes(record, key, names) if record[key] else (np.empty((0, 5)), np.empty((0, 5))))


def corners(rows):
    found = np.array([[x, y, x + w, y + h] for x, y, w, h in rows], dtype=np.float32)
    return found.reshape(-1, 4)


def samples_of(one):
    labels = {c['id']: i for i, c in enumerate(one['categories'])}
    for image in one['images']:
        gts = [a for a in one['annotations'] if a['image_id'] == image['id']]
        dts = [d for d in one['detections'] if d['image_id'] == image['id'] and not np.isnan(d['score'])]
        yield image, gts, dts, labels


def arrays(rows, labels):
    return corners([row['bbox'] for row in rows]), np.array([labels[row['category_id']] for row in rows], dtype=np.int64)


def without_nan(boxes):
    """A box with a NaN is nowhere: it meets nothing."""
    boxes = boxes.copy()
    boxes[np.isnan(boxes).any(axis=1)] = -1e4
    return boxes


def voc(one):
    dets, anns, gts_all, proposals = [], [], [], []
    for _, gts, dts, labels in samples_of(one):
        boxes, found = arrays(dts, labels)
        scores = np.array([d['score'] for d in dts], dtype=np.float32).reshape(-1, 1)
        rows = np.hstack([boxes, scores])
        dets.append([rows[found == label] for label in range(len(labels))])
        kept, ignored = [g for g in gts if not g['iscrowd']], [g for g in gts if g['iscrowd']]
        (b, l), (bi, li) = arrays(kept, labels), arrays(ignored, labels)
        anns.append(dict(bboxes=b, labels=l, bboxes_ignore=bi, labels_ignore=li))
        gts_all.append(b)
        proposals.append(np.hstack([without_nan(boxes), scores]))

    def run(**options):
        mean, classes = mean_ap.eval_map(dets, anns, logger='silent', use_legacy_coordinate=True, **options)
        return dict(mean=[float(m) for m in mean] if isinstance(mean, list) else float(mean), classes=[np.array(c['ap'], ndmin=1).tolist() for c in classes])

    ranges = [(0, 32), (32, 96)]
    recalls = recall.eval_recalls(gts_all, proposals, (2, 10), [0.5, 0.7], logger='silent', use_legacy_coordinate=True)
    return dict(
        points=run(iou_thr=0.5, eval_mode='11points'),
        area=run(iou_thr=0.7, eval_mode='area'),
        scales=run(iou_thr=0.5, eval_mode='area', scale_ranges=ranges),
        recall=[[None if np.isnan(v) else float(v) for v in row] for row in recalls],
    )


def openimages(one):
    names = [c['name'] for c in one['categories']]
    matrix = np.zeros((len(names), len(names)))
    for i, category in enumerate(one['categories']):
        parent = category['supercategory']
        while parent in names:
            matrix[i, names.index(parent)] = 1
            parent = one['categories'][names.index(parent)]['supercategory']
    results = {}
    for name, options in (('whole', {}), ('flat', dict(get_supercategory=False, filter_labels=False, iou_thrs=[0.4], ioa_thrs=[0.7]))):
        metric = openimages_metric.OpenImagesMetric(**options)
        metric.dataset_meta = dict(classes=names, RELATION_MATRIX=matrix)
        for image, gts, dts, labels in samples_of(one):
            gts = [g for g in gts if not g['iscrowd']]  # OpenImages has no crowds
            boxes, found = arrays(dts, labels)
            gt_boxes, gt_labels = arrays(gts, labels)
            instances = [dict(bbox=b.tolist(), bbox_label=int(l), is_group_of=bool(g['isgroupof'])) for b, l, g in zip(gt_boxes, gt_labels, gts)]
            levels = np.array([labels[c] for c in image['image_level_labels']], dtype=np.int64)
            scores = torch.tensor([d['score'] for d in dts], dtype=torch.float32)
            pred = dict(bboxes=torch.from_numpy(boxes), scores=scores, labels=torch.from_numpy(found))
            metric.process({}, [dict(instances=instances, image_level_labels=levels, pred_instances=pred)])
        results[name] = float(metric.compute_metrics(metric.results)['mAP'])
    return results


def crowdhuman(one, ref='CALTECH_-2'):
    metric = crowdhuman_metric.CrowdHumanMetric.__new__(crowdhuman_metric.CrowdHumanMetric)
    metric.iou_thres, metric.mr_ref, metric.num_ji_process, metric.compare_matching_method = 0.5, ref, 1, None
    samples = {}
    for image, gts, dts, _ in samples_of(one):
        sample = crowdhuman_metric.Image(0)
        entries = [dict(fbox=g['bbox'], hbox=g['bbox'], tag='person', extra=dict(ignore=g['iscrowd'])) for g in gts]
        boxes = without_nan(corners([d['bbox'] for d in dts])).tolist()
        scores = np.array([d['score'] for d in dts], dtype=np.float32).tolist()
        record = dict(ID=image['id'], width=image['width'], height=image['height'],
                      dtboxes=[dict(box=[x1, y1, x2 - x1, y2 - y1], score=s) for (x1, y1, x2, y2), s in zip(boxes, scores)])
        sample.load(dict(ID=image['id'], gtboxes=entries), 'box', None, crowdhuman_metric.PERSON_CLASSES, True)
        sample.load(record, 'box', None, crowdhuman_metric.PERSON_CLASSES, False)
        sample.clip_all_boader()
        samples[image['id']] = sample
    scored = metric.compare(samples)
    objects = sum(s.gt_num for s in samples.values()) - sum(s.ign_num for s in samples.values())
    values = dict(AP=float(metric.eval_ap(scored, objects, len(samples))), MR=float(metric.eval_mr(scored, objects, len(samples))))
    if objects == 0:
        values = dict(AP=float('nan'), MR=float('nan'))
    ratios = []
    for i in range(10):
        results = queue.Queue()
        metric.compute_ji_with_ignore(results, samples, 1e-1 * i)
        ratios.append(metric.gather(list(results.queue))[1])
    return {**{k: None if np.isnan(v) else v for k, v in values.items()}, 'JI': float(np.nanmax(ratios)) if not np.isnan(ratios).all() else None}


def attempt_mmdet(one):
    found = {}
    for name, run in (('voc', voc), ('openimages', openimages), ('crowdhuman', crowdhuman)):
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                found[name] = run(one)
        except Exception as error:
            found[name] = f'{type(error).__name__}: {str(error)[:160]}'
    return found
