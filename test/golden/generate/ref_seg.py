"""Writes ../ref_seg.json: a small RefCOCO, which is in it too, as MMDetection's RefCocoDataset reads it, and its RefSegMetric.
Needs mmdet 3.3.0, mmcv 2.1.0, mmengine 0.10.7. Run: python ref_seg.py"""
import base64
import json
import pathlib
import pickle
import tempfile

import numpy as np
import pycocotools.mask as coco_mask
import torch
from mmdet.registry import DATASETS, METRICS
from mmdet.structures.mask import BitmapMasks
from mmdet.utils import register_all_modules

register_all_modules()
root = pathlib.Path(tempfile.mkdtemp())
rng = np.random.default_rng(7)
images, annotations, refs = [], [], []
for i in range(4):
    images.append(dict(id=40 + i, file_name=f'COCO_{i}.jpg', width=32, height=24))
    for j in range(2):
        x, y, w, h = (int(v) for v in (rng.integers(0, 12), rng.integers(0, 8), rng.integers(4, 18), rng.integers(4, 14)))
        ann = dict(id=100 + 2 * i + j, image_id=40 + i, category_id=1, iscrowd=0, bbox=[x, y, w, h], area=w * h,
                   segmentation=[[x, y, x + w, y, x + w, y + h / 2], [x, y + h / 2, x + w, y + h / 2, x, y + h]])
        if i == 3:  # run lengths
            bitmap = np.zeros((24, 32), np.uint8, order='F')
            bitmap[y:y + h, x:x + w] = 1
            rle = coco_mask.encode(bitmap)
            ann['segmentation'] = dict(size=rle['size'], counts=rle['counts'].decode())
        annotations.append(ann)
        sentences = [dict(sent_id=10 * i + j, raw=f'{word} Thing {i}{j}', sent=f'{word} thing {i}{j}', tokens=[])
                     for word in ('Left', 'red')[:1 + (i + j) % 2]]
        refs.append(dict(ref_id=500 + 2 * i + j, ann_id=ann['id'], image_id=40 + i, category_id=1, file_name=f'COCO_{i}_1.jpg',
                         sent_ids=[s['sent_id'] for s in sentences], sentences=sentences, split='val' if i else 'train'))
# a second entry of one object holds
refs.append(dict(refs[-1], ref_id=900, sentences=[dict(raw='THE last', sent='the last', sent_id=99, tokens=[])]))
instances = dict(images=images, annotations=annotations, categories=[dict(id=1, name='thing')])
(root / 'instances.json').write_text(json.dumps(instances))
(root / 'refs.p').write_bytes(pickle.dumps(refs, protocol=2))

cases = {}
for mode in ('original', 'concat', 'select_first'):
    dataset = DATASETS.build(dict(type='RefCocoDataset', data_root=str(root) + '/', data_prefix=dict(img_path=''), ann_file='instances.json',
                                  split_file='refs.p', split='val', text_mode=mode, pipeline=[]))
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    cases[mode] = sorted((dict(id=d['img_id'], file=d['img_path'][len(str(root)) + 1:], text=d['text'], masks=[o['mask'] for o in d['instances']])
                          for d in infos), key=lambda d: d['id'])


def bitmap_of(mask):
    rles = coco_mask.frPyObjects(mask, 24, 32) if isinstance(mask, list) else [dict(mask, counts=mask['counts'].encode())]
    return coco_mask.decode(coco_mask.merge(rles))


metric = METRICS.build(dict(type='RefSegMetric', metric=['cIoU', 'mIoU']))
predicted = []
for case in cases['original']:
    truths = np.stack([bitmap_of(m) for m in case['masks']])
    found = np.roll(truths, int(rng.integers(0, 4)), axis=2)
    found[0] = found[0] if case['id'] != 42 else 0  # nothing found
    metric.process({}, [dict(pred_instances=dict(masks=torch.from_numpy(found)), gt_masks=BitmapMasks(truths, 24, 32))])
    predicted.append(dict(id=case['id'], masks=[dict(size=[24, 32], counts=coco_mask.encode(np.asfortranarray(m))['counts'].decode()) for m in found]))
results = {k: float(v) for k, v in metric.compute_metrics(metric.results).items()}

path = pathlib.Path(__file__).parent.parent / 'ref_seg.json'
path.write_text(json.dumps(dict(instances=instances, refs=base64.b64encode((root / 'refs.p').read_bytes()).decode(), cases=cases,
                                predicted=predicted, results=results), separators=(',', ':')) + '\n')
print(path.stat().st_size, results)
