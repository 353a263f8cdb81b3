// What other tools read of exported data sets, in a Python environment made for it: the same boxes, classes and counts.

import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exportDataset } from '../../../src/data/export/export-dataset';
import { openFormat } from '../../../src/data/formats/open-format';
import { copyOfCase, greyImages, newFolder } from '../datasets/cases';

const folder = newFolder();
const python = path.join(folder, 'venv/bin/python');
beforeAll(async () => {
  execFileSync('python3', ['-m', 'venv', path.join(folder, 'venv')]);
  const packages = ['pycocotools==2.0.11', 'supervision==0.31.2', 'globox==2.9.0', 'datumaro==1.13.12'];
  execFileSync(python, ['-m', 'pip', 'install', '-q', ...packages], { stdio: ['ignore', 'ignore', 'pipe'] });
  const given = copyOfCase('exports/datumaro_own');
  await greyImages(path.join(given, 'images/train'), { 'a.jpg': [640, 480], 'b.jpg': [640, 480] });
  await greyImages(path.join(given, 'images/val'), { 'cell 3.jpg': [500, 375] });
  const { train } = await openFormat(given, 'datumaro', {});
  for (const format of ['coco', 'voc', 'yolo', 'labelme'])
    await exportDataset(format, path.join(folder, format), [{ name: 'train', dataset: train }], {
      ...(format === 'voc' && { firstPixel: 0 }),
    });
}, 900_000);
afterAll(() => rmSync(folder, { recursive: true }));

const READERS: Record<string, string> = {
  pycocotools: `
from pycocotools.coco import COCO
c = COCO(root + '/coco/annotations/instances_train.json')
box = lambda x, y, w, h: [x, y, x + w, y + h]
found = {c.imgs[i]['file_name']: [[c.cats[a['category_id']]['name'], *box(*a['bbox'])] for a in c.imgToAnns[i]] for i in c.imgs}
assert [int(c.annToMask(a).sum()) for a in c.anns.values() if a['segmentation']] == [9030, 5745, 1200]
assert sum(a['iscrowd'] for a in c.anns.values()) == 1`,
  'supervision, COCO': `
import supervision as sv
found = of_supervision(sv.DetectionDataset.from_coco(root + '/coco/images/train', root + '/coco/annotations/instances_train.json'))`,
  'supervision, YOLO': `
import supervision as sv
found = of_supervision(sv.DetectionDataset.from_yolo(root + '/yolo/images/train', root + '/yolo/labels/train', root + '/yolo/data.yaml'))`,
  'globox, COCO': `
import globox
found = of_globox(globox.AnnotationSet.from_coco(root + '/coco/annotations/instances_train.json'))`,
  'globox, VOC': `
import globox
from pathlib import Path
found = of_globox(globox.AnnotationSet.from_pascal_voc(Path(root + '/voc/Annotations')))`,
  'datumaro, COCO': `found = of_datumaro('coco_instances', '/coco')`,
  'datumaro, VOC': `found = of_datumaro('voc_detection', '/voc')`,
  'datumaro, YOLO': `found = of_datumaro('yolo', '/yolo')`,
};

const SHARED = `
import json, os, sys
root = sys.argv[1]
def of_supervision(data):
    return {os.path.basename(p): [[data.classes[k], *map(float, b)] for b, k in zip(d.xyxy, d.class_id)] for p, _, d in data}
def of_globox(data):
    return {a.image_id: [[b.label, *b.ltrb] for b in a.boxes] for a in data}
def of_datumaro(name, folder):
    import datumaro
    data = datumaro.Dataset.import_from(root + folder, name)
    labels = data.categories()[datumaro.AnnotationType.label]
    box = lambda x, y, w, h: [x, y, x + w, y + h]
    return {i.id + '.jpg': [[labels[a.label].name, *box(*a.get_bbox())] for a in i.annotations if a.type.name == 'bbox'] for i in data}
`;

const read = (script: string) => {
  const out = execFileSync(
    python,
    ['-c', `${SHARED}${script}\nprint('FOUND' + json.dumps(found, default=float))`, folder],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  const found = JSON.parse(out.slice(out.indexOf('FOUND') + 5)) as Record<string, [string, ...number[]][]>;
  const sorted = (boxes: [string, ...number[]][]) =>
    boxes.map(([name, ...box]) => `${name} ${box.map((v) => Math.round(v * 1000) / 1000).join(' ')}`).sort();
  return { a: sorted(found['a.jpg']), b: sorted(found['b.jpg']) };
};

const A = ['RBC 100 50 200 150', 'WBC 300.5 200.25 400.5 320.75'];
const B = ['Platelets 10.4 20.6 40.4 60.6', 'RBC 50 60 250 160', 'RBC 600 400 660 500', 'WBC 200 100 260 120'];
/** YOLO has no crowds, and nothing beyond an image. */
const IN_YOLO = ['Platelets 10.4 20.6 40.4 60.6', 'RBC 50 60 250 160', 'RBC 600 400 640 480'];

test.each(Object.entries(READERS))('%s', (name, script) => {
  expect(read(script)).toEqual({ a: A, b: name.endsWith('YOLO') ? IN_YOLO : B });
});
