"""Writes ../long_tail_data.json: MMDetection's LVISFixedAPMetric of a small set, and what its CrowdHuman, WIDER FACE, Open Images,
LVIS, V3Det and Objects365 data sets read of small files, which are in it too; EQLV2Loss.
Needs mmdet 3.3.0, mmcv 2.1.0, mmengine 0.10.7 and lvis 0.5.3. Run: python long_tail_data.py"""
import base64
import json
import pathlib
import pickle
import tempfile

import numpy as np

np.float = float  # lvis 0.5.3
np.random.seed(0)

import cv2
import torch
from mmdet.evaluation.metrics.lvis_metric import LVISFixedAPMetric
from mmdet.models.losses import EQLV2Loss
from mmdet.registry import DATASETS
from mmdet.utils import register_all_modules

register_all_modules()
root = pathlib.Path(tempfile.mkdtemp())
out = {}

# -- LVISFixedAPMetric: three classes, six images
rng = np.random.default_rng(3)
classes = ['aerosol_can', 'bagel', 'cow', 'zebra']
categories = [dict(id=i + 1, name=name, frequency='rcff'[i]) for i, name in enumerate(classes)]
images, annotations, detections = [], [], []
for i in range(6):
    present = sorted(rng.choice(3, 2, replace=False).tolist())
    absent = [c for c in range(4) if c not in present][:1]
    images.append(dict(id=i + 1, coco_url=f'http://images.cocodataset.org/val2017/{i:012d}.jpg', width=100, height=80,
                       neg_category_ids=[c + 1 for c in absent], not_exhaustive_category_ids=[present[0] + 1] if i % 2 else []))
    boxes, scores, labels = [], [], []
    for c in present:
        for _ in range(int(rng.integers(1, 4))):
            x, y, w, h = (float(v) for v in (rng.integers(0, 60), rng.integers(0, 40), rng.integers(5, 40), rng.integers(5, 40)))
            annotations.append(dict(id=len(annotations) + 1, image_id=i + 1, category_id=c + 1, bbox=[x, y, w, h], area=w * h,
                                    segmentation=[[x, y, x + w, y, x + w, y + h]]))
            shift = rng.integers(-4, 5, 4)
            boxes.append([x + shift[0], y + shift[1], x + w + shift[2], y + h + shift[3]])
            scores.append(float(np.float32(rng.random())))
            labels.append(c)
    for c in absent * 2 + present:
        x, y = float(rng.integers(0, 60)), float(rng.integers(0, 40))
        boxes.append([x, y, x + 20.0, y + 15.0])
        scores.append(float(np.float32(rng.random())))
        labels.append(c)
    detections.append(dict(bboxes=[[float(v) for v in b] for b in boxes], scores=scores, labels=labels))
lvis = dict(images=images, annotations=annotations, categories=categories)
(root / 'lvis.json').write_text(json.dumps(lvis))
out['fixed_ap'] = dict(file=lvis, classes=classes, detections=detections, results={})
for topk in (4, 10000):
    metric = LVISFixedAPMetric(str(root / 'lvis.json'), topk=topk)
    metric.dataset_meta = dict(classes=classes)
    for image, d in zip(images, detections):
        pred = dict(bboxes=torch.tensor(d['bboxes']), scores=torch.tensor(d['scores']), labels=torch.tensor(d['labels']))
        metric.process({}, [dict(img_id=image['id'], pred_instances=pred)])
    out['fixed_ap']['results'][str(topk)] = {k: float(v) for k, v in metric.compute_metrics(metric.results).items()}

# -- data sets
files = {}


def write(name, content):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content if isinstance(content, bytes) else content.encode()
    path.write_bytes(data)
    files[name] = base64.b64encode(data).decode()


def grey(name, width, height):
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(root / name), np.full((height, width, 3), 128, np.uint8))
    return [name, width, height]


pictures = [grey('Images/273,c9.jpg', 60, 40), grey('Images/284,a1.jpg', 50, 50), grey('WIDER_val/0--Parade/0_Parade_1.jpg', 80, 60),
            grey('OpenImages/0a.jpg', 40, 20), grey('OpenImages/0b.jpg', 20, 40)]
pictures += [grey(f'val2017/{i:012d}.jpg', 100, 80) for i in range(6)]
persons = [dict(ID='273,c9', gtboxes=[dict(tag='person', fbox=[-5, 4, 30, 40], hbox=[1, 1, 5, 5], vbox=[0, 4, 20, 30], extra={}),
                                      dict(tag='mask', fbox=[10, 10, 20, 9], hbox=[1, 1, 5, 5], vbox=[1, 1, 5, 5]),
                                      dict(tag='person', fbox=[20, 5, 12, 20], hbox=[1, 1, 5, 5], vbox=[1, 1, 5, 5], extra=dict(ignore=1))]),
           dict(ID='284,a1', gtboxes=[dict(tag='person', fbox=[2, 3, 10, 20], hbox=[1, 1, 5, 5], vbox=[1, 1, 5, 5], extra=dict(ignore=0))])]
write('annotation_val.odgt', '\n'.join(json.dumps(p) for p in persons) + '\n')
write('val.txt', '0_Parade_1\n')
write('WIDER_val/Annotations/0_Parade_1.xml', """<annotation><folder>0--Parade</folder><filename>0_Parade_1.jpg</filename>
<size><width>80</width><height>60</height><depth>3</depth></size>
<object><name>face</name><difficult>0</difficult><bndbox><xmin>4.7</xmin><ymin>5</ymin><xmax>30</xmax><ymax>40</ymax></bndbox></object>
<object><name>face</name><difficult>1</difficult><bndbox><xmin>40</xmin><ymin>5</ymin><xmax>60</xmax><ymax>30</ymax></bndbox></object>
<object><name>face</name><bndbox><xmin>50</xmin><ymin>50</ymin><xmax>55</xmax><ymax>56</ymax></bndbox></object></annotation>""")
write('classes.csv', '/m/1,Animal\n/m/2,Dog\n/m/3,Vehicle\n/m/4,Puppy\n')
write('hierarchy.json', json.dumps(dict(LabelName='/m/0', Subcategory=[
    dict(LabelName='/m/1', Subcategory=[dict(LabelName='/m/2', Subcategory=[dict(LabelName='/m/4')])]), dict(LabelName='/m/3')])))
write('boxes.csv', 'ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf,IsDepiction,IsInside\n'
      '0a,xclick,/m/2,1,0.1,0.5,0.25,0.75,0,0,0,0,0\n0a,xclick,/m/1,1,0.5,0.9,0.1,0.9,1,0,1,0,0\n0b,xclick,/m/4,1,0,1,0.5,1,0,1,0,0,0\n'
      # of a last image with one box MMDetection names the file of the image before
      '0b,xclick,/m/3,1,0.25,0.5,0.5,0.75,0,0,0,0,0\n')
write('levels.csv', 'ImageID,Source,LabelName,Confidence\n0a,verification,/m/3,0\n0a,verification,/m/2,1\n0b,verification,/m/1,1\n')
metas = pickle.dumps([dict(filename='OpenImages/0a.jpg', ori_shape=(20, 40, 3)), dict(filename='OpenImages/0b.jpg', ori_shape=(40, 20, 3))], 2)
write('metas.pkl', metas)
write('challenge.csv', '/m/2,Dog,2\n/m/1,Animal,1\n/m/4,Puppy,3\n')
write('challenge.txt', '0a.jpg\nx\n2\n1 0.1 0.2 0.5 0.6 0\n3 0.5 0.1 0.9 0.9 1\n0b.jpg\nx\n1\n2 0 0.5 1 1 0\n')
write('challenge-levels.csv', 'ImageID,LabelName,Confidence\n0a,/m/1,1\n')
tree = np.zeros((4, 4))
tree[1:, 1:] = np.eye(3)
tree[2, 1] = tree[3, 1] = tree[3, 2] = 1
np.save(root / 'tree.npy', tree)
write('tree.np', (root / 'tree.npy').read_bytes())
write('lvis.json', json.dumps(lvis))
write('v3det.txt', 'zebra\ncow\nbagel\naerosol_can\n')
v3det = dict(lvis, images=[dict(i, file_name=i['coco_url'][-24:]) for i in images], annotations=[dict(a, iscrowd=0) for a in annotations])
write('v3det.json', json.dumps(v3det))

CASES = dict(
    crowd_human=dict(type='CrowdHumanDataset', ann_file='annotation_val.odgt', data_prefix=dict(img='Images/')),
    wider_face=dict(type='WIDERFaceDataset', ann_file='val.txt', data_prefix=dict(img='WIDER_val'), filter_cfg=dict(
        filter_empty_gt=True, bbox_min_size=17, min_size=32)),
    open_images=dict(type='OpenImagesDataset', ann_file='boxes.csv', data_prefix=dict(img='OpenImages/'), label_file='classes.csv',
                     hierarchy_file='hierarchy.json', meta_file='metas.pkl', image_level_ann_file='levels.csv'),
    challenge=dict(type='OpenImagesChallengeDataset', ann_file='challenge.txt', data_prefix=dict(img='OpenImages/'),
                   label_file='challenge.csv', hierarchy_file='tree.np', meta_file='metas.pkl', image_level_ann_file='challenge-levels.csv'),
    lvis=dict(type='LVISV1Dataset', ann_file='lvis.json', data_prefix=dict(img=''), metainfo=dict(classes=classes)),
    v3det=dict(type='V3DetDataset', ann_file='v3det.json', data_prefix=dict(img=''), label_file='v3det.txt'),
)
cases = {}
for name, config in CASES.items():
    dataset = DATASETS.build(dict(config, data_root=str(root) + '/', pipeline=[]))
    # the categories' order is the file's; labels follow it, and the names with them
    names = classes if name == 'v3det' else list(dataset.metainfo['classes'])
    listed = []
    for i in range(len(dataset)):
        info = dataset.get_data_info(i)
        objects = [dict(bbox=[float(v) for v in o['bbox']], name=names[o['bbox_label']] if o['bbox_label'] >= 0 else None,
                        ignored=int(o['ignore_flag']), group=int(o.get('is_group_of', o.get('is_group_ofs', False)))) for o in info['instances']]
        levels = info.get('image_level_labels')
        listed.append(dict(file=str(pathlib.Path(info['img_path']).relative_to(root)), size=[info['width'], info['height']], objects=objects,
                           **({} if levels is None or len(levels) == 0 else dict(verified=[names[int(c)] for c in levels]))))
    matrix = dataset.metainfo.get('RELATION_MATRIX')
    above = None if matrix is None else [[j for j in range(len(names)) if j != i and matrix[i][j] > 0] for i in range(len(names))]
    cases[name] = dict(config=config, classes=names, images=listed, **({} if above is None else dict(ancestors=above)))
# -- EQLv2: two steps, whose weights follow the gradients
loss = EQLV2Loss(num_classes=3, loss_weight=1.5)
logits = torch.from_numpy(np.float32(np.random.default_rng(5).normal(0, 2, (2, 6, 4))))
labels = torch.tensor([[0, 3, 1, 3, 0, 2], [3, 3, 1, 0, 0, 3]])
steps = []
for x, y in zip(logits, labels):
    x = x.clone().requires_grad_()
    value = loss(x, y)
    value.backward()
    steps.append(dict(logits=x.tolist(), labels=y.tolist(), loss=float(value), gradient=x.grad.tolist(),
                      buffers={k: v.tolist() for k, v in loss.state_dict().items()}))
out['eqlv2'] = dict(steps=steps, activated=loss.get_activation(logits[0].clone()).tolist())

out['datasets'] = dict(files=files, pictures=pictures, cases=cases)
path = pathlib.Path(__file__).parent.parent / 'long_tail_data.json'
path.write_text(json.dumps(out, separators=(',', ':')) + '\n')
print(path.stat().st_size, out['fixed_ap']['results'], {k: len(v['images']) for k, v in cases.items()})
