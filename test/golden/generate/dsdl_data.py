"""Writes ../dsdl_data.json: what MMDetection's DSDLDetDataset reads of small data sets in DSDL, which are in it too, laid out as
those of configs/dsdl: VOC, COCO, Open Images, Objects365.
Needs mmdet 3.3.0, mmengine 0.10.7 and dsdl 0.1.10.11. Run: python dsdl_data.py"""
import contextlib
import io
import json
import pathlib
import tempfile

from mmdet.registry import DATASETS
from mmdet.utils import register_all_modules

register_all_modules()
root = pathlib.Path(tempfile.mkdtemp())
VERSION = '$dsdl-version: "0.5.3"\n'
META = 'meta:\n  dataset_name: "small"\n  sub_dataset_name: "train"\n'
files, pictures = {}, {}


def split(folder, name, sample_type, samples, imports=('../defs/detection-def', '../defs/class-dom'), inline=False, more=''):
    data = f'data:\n    sample-type: {sample_type}\n'
    if inline:
        data += '    sample-path: $local\n    samples: ' + json.dumps(samples) + '\n'
    else:
        data += f'    sample-path: {name}_samples.json\n'
        files[f'{folder}/dsdl/set-{name}/{name}_samples.json'] = json.dumps(dict(samples=samples))
    text = VERSION + (f'$import:\n' + ''.join(f'    - {i}\n' for i in imports) if imports else '') + META + more + data
    files[f'{folder}/dsdl/set-{name}/{name}.yaml'] = text


# -- VOC: a struct of the image, booleans, xyxy
files['VOC07-det/dsdl/defs/class-dom.yaml'] = VERSION + """
VOCClassDom:
    $def: class_domain
    classes:
        - aeroplane
        - tv monitor
        - person
"""
files['VOC07-det/dsdl/defs/detection-def.yaml'] = VERSION + """
ImageMedia:
    $def: struct
    $fields:
        image: Image
        image_shape: ImageShape[mode="wh"]
        depth: Int
        source: Dict
LocalObjectEntry:
    $def: struct
    $params: ["cdom"]
    $fields:
        bbox: BBox[mode='xyxy']
        category: Label[dom=$cdom]
        pose: Str
        difficult: Bool
ObjectDetectionSample:
    $def: struct
    $params: ["cdom"]
    $fields:
        media: ImageMedia
        objects: List[etype=LocalObjectEntry[cdom=$cdom], ordered=True]
"""


def voc(name, size, objects):
    pictures[f'VOC07-det/original/JPEGImages/{name}'] = size
    return dict(media=dict(image=f'JPEGImages/{name}', image_shape=size, depth=3, source=dict(database='x')),
                objects=[dict(bbox=b, category=c, pose='Left', difficult=d) for b, c, d in objects])


split('VOC07-det', 'train', 'ObjectDetectionSample[cdom=VOCClassDom]', [
    voc('000001.jpg', [64, 48], [([4, 5, 30, 40], 'person', False), ([1.5, 2, 60, 47], 2, True)]),
    voc('000002.jpg', [40, 32], []),
    voc('000003.jpg', [50, 60], [([0, 0, 50, 60], 'VOCClassDom::aeroplane', True)])])
split('VOC07-det', 'test', 'ObjectDetectionSample[cdom=VOCClassDom]', [voc('000004.jpg', [30, 20], [([3, 3, 9, 12], 1, False)])])

# -- COCO: flat samples, polygons, iscrowd as a number
files['COCO2017/dsdl/defs/class-dom.yaml'] = VERSION + """
defs:
    COCOClassDom:
        $def: class_domain
        classes: [person, traffic light, dog]
    LocalInstanceEntry:
        $def: struct
        $params: [cdom]
        $fields:
            label: Label[dom=$cdom]
            iscrowd: Int
            area: Num
            bbox: BBox
            polygon: Polygon
        $optional: [area]
    COCOSample:
        $def: struct
        $params: [cdom]
        $fields:
            image: Image
            image_shape: ImageShape
            image_id: Int
            annotations: List[LocalInstanceEntry[cdom=$cdom]]
"""


def coco(i, size, objects):
    pictures[f'COCO2017/original/train2017/{i:012d}.jpg'] = size[::-1]
    return dict(image=f'train2017/{i:012d}.jpg', image_shape=size, image_id=i, annotations=[
        dict(label=c, iscrowd=crowd, bbox=b, polygon=[[[b[0], b[1]], [b[0] + b[2], b[1]], [b[0] + b[2], b[1] + b[3]]]] * n)
        for c, crowd, b, n in objects])


split('COCO2017', 'train', 'COCOSample[cdom=COCOClassDom]', [
    coco(9, [48, 64], [('dog', 0, [1.25, 2.5, 20.5, 30], 1), ('person', 1, [10, 4, 40, 20], 2), (2, 0, [5, 5, 6, 7], 1)]),
    coco(7, [40, 40], [('traffic light', 0, [0, 0, 12, 39], 1)])], imports=('../defs/class-dom',))

# -- Objects365: definitions and samples in the file itself
split('Objects365', 'train', 'Sample[cdom=O365Dom]', [
    dict(image='images/v1/a.jpg', image_shape=[30, 44],
         annotations=[dict(label='Sneakers', bbox=[1, 2, 10, 11], iscrowd=False), dict(label='Wild Bird', bbox=[5.5, 6.25, 20, 9.5], iscrowd=True)]),
    dict(image='images/v2/b.jpg', image_shape=[44, 30], annotations=[dict(label=2, bbox=[0, 0, 30, 44], iscrowd=False)])],
    imports=(), inline=True, more="""defs:
    O365Dom:
        $def: class_domain
        classes:
            - Sneakers
            - Wild Bird
    Entry:
        $def: struct
        $params: ['cdom']
        $fields:
            bbox: BBox
            label: Label[dom=$cdom]
            iscrowd: Bool
    Sample:
        $def: struct
        $params: ['cdom']
        $fields:
            image: Image
            image_shape: ImageShape[mode="hw"]
            annotations: List[etype=Entry[cdom=$cdom]]
""")
pictures |= {'Objects365/original/images/v1/a.jpg': [44, 30], 'Objects365/original/images/v2/b.jpg': [30, 44]}

# -- Open Images: a hierarchy, classes of images, groups, no data_prefix
files['OpenImages/dsdl/defs/class-dom.yaml'] = VERSION + """
OpenImagesDom:
    $def: class_domain
    classes:
        - Entity.Animal
        - Entity.Animal.Bird
        - Entity.Animal.Bird.Owl
        - Entity.Vehicle.Car
        - Entity.Toy.Car
"""
files['OpenImages/dsdl/defs/detection-def.yaml'] = VERSION + """
ImageLabel:
    $def: struct
    $params: ['cdom']
    $fields:
        label: Label[dom=$cdom]
        confidence: Num
Entry:
    $def: struct
    $params: ['cdom']
    $fields:
        bbox: BBox
        label: Label[dom=$cdom]
        isgroupof: Bool
        isoccluded: Bool
    $optional: ['isoccluded']
Sample:
    $def: struct
    $params: ['cdom']
    $fields:
        image: Image
        image_shape: ImageShape
        image_labels: List[etype=ImageLabel[cdom=$cdom]]
        objects: List[etype=Entry[cdom=$cdom]]
"""


def open_images(name, size, verified, objects):
    pictures[f'OpenImages/{name}'] = size[::-1]
    return dict(image=name, image_shape=size, image_labels=[dict(label=c, confidence=1) for c in verified],
                objects=[dict(bbox=b, label=c, isgroupof=g) for b, c, g in objects])


split('OpenImages', 'train', 'Sample[cdom=OpenImagesDom]', [
    open_images('train_0/a.jpg', [32, 40], ['Entity.Animal', 'Entity.Vehicle.Car'],
                [([1, 1, 10, 10], 'Entity.Animal.Bird.Owl', False), ([2, 2, 30, 20], 'Entity.Toy.Car', True)]),
    open_images('train_1/b.jpg', [20, 20], [], [([0, 5, 20, 10], 'Entity.Animal', False)])])

for name, text in files.items():
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)

OBJECTS = dict(ignore_flag='./annotations/*/iscrowd')
CASES = dict(
    voc=dict(data_root='VOC07-det', ann_file='dsdl/set-train/train.yaml', data_prefix=dict(img_path='original'),
             specific_key_path=dict(ignore_flag='./objects/*/diff*')),
    voc_test=dict(data_root='VOC07-det', ann_file='dsdl/set-test/test.yaml', data_prefix=dict(img_path='original'), test_mode=True),
    coco=dict(data_root='COCO2017', ann_file='dsdl/set-train/train.yaml', data_prefix=dict(img_path='original'),
              with_polygon=True, specific_key_path=OBJECTS, filter_cfg=dict(filter_empty_gt=True, min_size=42)),
    objects365=dict(data_root='Objects365', ann_file='dsdl/set-train/train.yaml', data_prefix=dict(img_path='original'),
                    specific_key_path=OBJECTS),
    open_images=dict(data_root='OpenImages', ann_file='dsdl/set-train/train.yaml', with_imagelevel_label=True, with_hierarchy=True,
                     specific_key_path=dict(image_level_labels='./image_labels/*/label', Label='./objects/*/label',
                                            is_group_of='./objects/*/isgroupof')))
cases = {}
for name, config in CASES.items():
    given = dict(config, type='DSDLDetDataset', data_root=str(root / config['data_root']), pipeline=[])
    with contextlib.redirect_stdout(io.StringIO()):
        dataset = DATASETS.build(given)
    names = list(dataset.metainfo['classes'])
    listed = []
    for i in range(len(dataset)):
        info = dataset.get_data_info(i)
        objects = [dict(bbox=[float(v) for v in o['bbox']], name=names[o['bbox_label']], ignored=int(o['ignore_flag']),
                        group=int(o.get('is_group_of', False)), **(dict(mask=o['mask']) if 'mask' in o else {})) for o in info['instances']]
        verified = info.get('image_level_labels')
        listed.append(dict(id=info['img_id'], file=str(pathlib.Path(info['img_path']).relative_to(root)), size=[info['width'], info['height']],
                           objects=objects, **(dict(verified=[names[c] for c in verified]) if verified else {})))
    matrix = dataset.metainfo.get('RELATION_MATRIX')
    above = None if matrix is None else [[j for j in range(len(names)) if j != i and matrix[i][j] > 0] for i in range(len(names))]
    cases[name] = dict(config=config, classes=names, images=listed, **({} if above is None else dict(ancestors=above)))

path = pathlib.Path(__file__).parent.parent / 'dsdl_data.json'
path.write_text(json.dumps(dict(files=files, pictures=pictures, cases=cases), separators=(',', ':')) + '\n')
print(path.stat().st_size, {k: len(v['images']) for k, v in cases.items()})
