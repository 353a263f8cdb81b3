"""WIDER FACE's AP of easy, medium and hard faces, of random sets whose lists scipy.io writes as .mat files.

    pip install numpy scipy ; python wider_face.py OUT.json [FOLDER_OF_evaluation.py]

The rule, written down from the definition of the evaluation: scores are normalised over the data set; a detection is of the face
of highest IoU, with sides that are 1 longer, if that is at least 0.5; of faces outside of the setting it does not count; a face is
found once. At the thresholds 0.999, 0.998 .. 0 the detections and the faces that they find are added up over the images; AP is the
area under the envelope of precision. With a folder of the Python port of the evaluation, its numbers must be the same.
"""
import base64
import io
import json
import sys

import numpy as np
import scipy.io

EVENTS = {'0--Parade': ['0_Parade_a_1', '0_Parade_a_22', '0_Parade_b_3'], '9--Press': ['9_Press_1'], '61--Street': ['61_Street_1', '61_Street_2']}


def cells(items):
    out = np.empty((len(items), 1), dtype=object)
    for i, item in enumerate(items):
        out[i, 0] = item
    return out


def make(seed):
    random = np.random.RandomState(seed)
    images = []
    for event, names in EVENTS.items():
        for name in names:
            n = random.randint(0, 7)
            boxes = np.floor(np.concatenate([random.uniform(0, 200, (n, 2)), random.uniform(5, 60, (n, 2))], axis=1))
            kept, flags = {}, random.uniform(size=n)
            for setting, share in (('easy', 0.3), ('medium', 0.6), ('hard', 0.9)):
                kept[setting] = [] if setting == 'easy' and seed % 4 == 3 and name == '9_Press_1' else (np.where(flags < share)[0] + 1).tolist()
            found = []
            for _ in range(random.randint(0, 15)):
                x, y, w, h = boxes[random.randint(n)] if n and random.uniform() < 0.8 else [*random.uniform(0, 200, 2), *random.uniform(5, 60, 2)]
                box = [x + random.normal() * w / 8, y + random.normal() * h / 8, w * random.uniform(0.8, 1.2), h * random.uniform(0.8, 1.2)]
                found.append([*map(float, np.round(box, 2)), float(round(random.uniform(0.02, 0.98), 2 if seed % 2 else 4))])
            found.sort(key=lambda row: -row[4])
            images.append(dict(event=event, name=name, boxes=boxes.tolist(), kept=kept, found=found))
    return images


def mat(images, setting=None, **options):
    events = list(EVENTS)
    of = [[image for image in images if image['event'] == event] for event in events]
    names = cells([cells([image['name'] for image in group]) for group in of])
    boxes = cells([cells([np.array(image['boxes'], dtype=np.float64).reshape(-1, 4) for image in group]) for group in of])
    content = dict(event_list=cells(events), file_list=names, face_bbx_list=boxes)
    if setting:
        content['gt_list'] = cells([cells([np.array(image['kept'][setting], dtype=np.uint8).reshape(-1, 1) for image in group]) for group in of])
    else:
        content['note'] = {'a': 1.0}
    out = io.BytesIO()
    scipy.io.savemat(out, content, **options)
    return out.getvalue()


def overlap(a, b):
    ax, ay, bx, by = a[0] + a[2], a[1] + a[3], b[0] + b[2], b[1] + b[3]
    width, height = min(ax, bx) - max(a[0], b[0]) + 1, min(ay, by) - max(a[1], b[1]) + 1
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / ((ax - a[0] + 1) * (ay - a[1] + 1) + (bx - b[0] + 1) * (by - b[1] + 1) - shared)


def average_precision(images, setting):
    scores = [row[4] for image in images for row in image['found']]
    low, high = min([1, *scores]), max([0, *scores])
    detections, faces, total = np.zeros(1000), np.zeros(1000), 0
    thresholds = np.array([1 - (t + 1) / 1000 for t in range(1000)])
    for image in images:
        kept = {g - 1 for g in image['kept'][setting]}
        total += len(kept)
        seen = set()
        for row in image['found'] if image['boxes'] else []:
            ious = [overlap(row, box) for box in image['boxes']]
            nearest = int(np.argmax(ious))
            isFace = ious[nearest] >= 0.5
            if isFace and nearest not in kept:
                continue
            at = thresholds <= (row[4] - low) / (high - low)
            detections += at
            if isFace and nearest not in seen:
                seen.add(nearest)
                faces += at
    if total == 0:
        return -1
    recall = np.concatenate([[0], faces / total])
    precision = np.divide(faces, detections, out=np.zeros(1000), where=detections > 0)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(np.diff(recall) * envelope))


def of_port(folder, images, files):
    import contextlib, os, re, tempfile, types
    port = types.ModuleType('box_overlaps')
    port.bbox_overlaps = lambda a, b: np.array([[overlap([p[0], p[1], p[2] - p[0], p[3] - p[1]], [q[0], q[1], q[2] - q[0], q[3] - q[1]]) for q in b] for p in a])
    sys.modules.update(box_overlaps=port, bbox=port)
    sys.modules.setdefault('IPython', types.SimpleNamespace(embed=None))
    sys.modules.setdefault('tqdm', types.SimpleNamespace(tqdm=type('Bar', (list,), dict(set_description=lambda *_: None))))
    sys.path.insert(0, folder)
    import evaluation
    with tempfile.TemporaryDirectory() as place:
        for name, content in files.items():
            open(f'{place}/{name}', 'wb').write(content)
        evaluation.get_preds = lambda _: {event: {i['name']: np.array(i['found']).reshape(-1, 5) for i in images if i['event'] == event} for event in EVENTS}
        text = io.StringIO()
        with contextlib.redirect_stdout(text):
            evaluation.evaluation(place, place)
    return [float(v) for v in re.findall(r'AP: (\S+)', text.getvalue())]


sets = []
for seed in range(24):
    images = make(seed)
    values = {setting: average_precision(images, setting) for setting in ('easy', 'medium', 'hard')}
    options = dict(do_compression=seed % 2 == 0)
    files = {'wider_face_val.mat': mat(images, **options), **{f'wider_{s}_val.mat': mat(images, s, **options) for s in values}}
    if len(sys.argv) > 2:
        np.testing.assert_allclose(of_port(sys.argv[2], images, files), [v for v in values.values()], rtol=0, atol=1e-12)
    sets.append(dict(images=[dict(event=i['event'], name=i['name'], boxes=i['boxes'], found=i['found'], kept=i['kept']) for i in images], ap=values,
                     files={name: base64.b64encode(content).decode() for name, content in files.items()} if seed < 2 else None))
json.dump(dict(scipy=scipy.__version__, sets=sets), open(sys.argv[1], 'w'))
