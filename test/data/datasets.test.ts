// COCO and VOC files, good and bad: what becomes a truth, what is reported, by file and id.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Registry } from '../../src/catalogue/registry';
import { loadCoco } from '../../src/data/datasets/coco';
import type { DatasetLoader } from '../../src/data/datasets/dataset-loader';
import { DATASETS } from '../../src/data/datasets/definitions';
import { loadVoc } from '../../src/data/datasets/voc';
import { decodeImage, imageSize } from '../../src/data/loading/decode';

let root: string;
const images = () => path.join(root, 'images');
beforeAll(async () => {
  root = mkdtempSync(path.join(tmpdir(), 'detlab-data-'));
  mkdirSync(images());
  const picture = sharp({ create: { width: 100, height: 80, channels: 3, background: '#336699' } });
  for (const name of ['a.jpg', 'b.jpg', 'c.jpg']) await picture.clone().jpeg().toFile(path.join(images(), name));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface CocoParts {
  images?: object[];
  annotations?: object[];
  categories?: object[];
}
function writeCoco(name: string, parts: CocoParts): string {
  const file = path.join(root, name);
  writeFileSync(
    file,
    JSON.stringify({
      images: [
        { id: 7, file_name: 'a.jpg', width: 100, height: 80 },
        { id: 3, file_name: 'b.jpg', width: 100, height: 80 },
      ],
      categories: [
        { id: 18, name: 'dog' },
        { id: 5, name: 'cat' },
      ],
      annotations: [],
      ...parts,
    }),
  );
  return file;
}
const annotation = (id: number, over: object = {}) => ({
  id,
  image_id: 7,
  category_id: 18,
  bbox: [10, 20, 30, 40],
  area: 900,
  iscrowd: 0,
  ...over,
});

describe('COCO', () => {
  it('gives xyxy boxes, labels by class order, crowds as ignored, areas of segments', async () => {
    const file = writeCoco('good.json', {
      annotations: [
        annotation(1),
        annotation(2, { category_id: 5, iscrowd: 1, area: 77 }),
        annotation(3, { image_id: 3 }),
      ],
    });
    const all = await loadCoco(file, images());
    expect(all.classes).toEqual(['dog', 'cat']);
    expect(all.problems).toEqual([]);
    const [a, b] = all.records;
    expect([a.id, a.width, a.height, path.basename(a.path)]).toEqual([7, 100, 80, 'a.jpg']);
    expect([...a.truths.bboxes]).toEqual([10, 20, 40, 60, 10, 20, 40, 60]);
    expect([[...a.truths.labels], [...a.truths.ignored], [...a.areas]]).toEqual([
      [0, 1],
      [0, 1],
      [900, 77],
    ]);
    expect(b.annotationIds).toEqual([3]);
    const cats = await loadCoco(file, images(), { classes: ['cat'], filterEmpty: true });
    expect(cats.records.map(({ id }) => id)).toEqual([7]);
    expect([...cats.records[0].truths.labels]).toEqual([0]);
    expect(cats.problems.map(({ kind, id }) => [kind, id])).toEqual([['empty-annotation', 3]]);
    expect((await loadCoco(file, images(), { minSize: 81 })).records).toEqual([]);
  });

  it('reports every sort of bad entry by id and uses the rest', async () => {
    const file = writeCoco('bad.json', {
      images: [
        { id: 7, file_name: 'a.jpg', width: 100, height: 80 },
        { id: 8, file_name: 'gone.jpg', width: 100, height: 80 },
        { id: 9, file_name: '../../outside.jpg', width: 100, height: 80 },
        { id: 10, file_name: 'b.jpg', width: -4, height: 80 },
        { id: 7, file_name: 'b.jpg', width: 100, height: 80 },
      ],
      annotations: [
        annotation(1),
        annotation(2, { bbox: [10, 20, 0, 40] }),
        annotation(3, { area: 0 }),
        annotation(4, { bbox: [100, 10, 30, 30] }),
        annotation(5, { bbox: [80, 10, 30, 30] }),
        annotation(6, { category_id: 99 }),
        annotation(7, { bbox: [] }),
        annotation(8, { bbox: [1, 2, 'x', 4] }),
        annotation(9, { image_id: 1234 }),
        annotation(10, { bbox: [10, 20, 30] }),
      ],
    });
    const { records, problems } = await loadCoco(file, images());
    expect(records.map(({ id }) => id)).toEqual([7]);
    expect(records[0].annotationIds).toEqual([1, 5]);
    const found = problems.map(({ kind, id }) => `${kind} ${id}`).sort();
    expect(found).toEqual(
      [
        'bad-annotation 10',
        'bad-annotation 10',
        'bad-annotation 7',
        'bad-annotation 8',
        'bad-annotation 9',
        'box-outside 4',
        'box-outside 5',
        'empty-annotation 7',
        'missing-image 8',
        'missing-image 9',
        'unknown-category 6',
        'zero-area 2',
        'zero-area 3',
      ].sort(),
    );
    expect(problems.every(({ file: where, message }) => where.length > 0 && message.length > 10)).toBe(true);
  });

  it('says what is wrong with a file that is no COCO file', async () => {
    const text = path.join(root, 'text.json');
    writeFileSync(text, '{"images": [');
    await expect(loadCoco(text, images())).rejects.toThrow(/text\.json.*JSON/);
    writeFileSync(text, '[]');
    await expect(loadCoco(text, images())).rejects.toThrow(/expected an object/);
    writeFileSync(text, '{"images": [], "annotations": []}');
    await expect(loadCoco(text, images())).rejects.toThrow(/list "categories"/);
    await expect(loadCoco(path.join(root, 'none.json'), images())).rejects.toThrow(/Cannot find/);
    await expect(loadCoco(writeCoco('c.json', {}), images(), { classes: ['dgo'] })).rejects.toThrow(/mean "dog"/);
  });
});

describe('VOC', () => {
  const object = (name: string, box: number[], more = '') =>
    `<object><name>${name}</name>${more}<bndbox><xmin>${box[0]}</xmin><ymin>${box[1]}</ymin><xmax>${box[2]}</xmax><ymax>${box[3]}</ymax></bndbox></object>`;
  const size = '<size><width>100</width><height>80</height><depth>3</depth></size>';
  let voc: string;
  beforeAll(async () => {
    voc = path.join(root, 'voc');
    for (const folder of ['Annotations', 'ImageSets/Main', 'JPEGImages'])
      mkdirSync(path.join(voc, folder), { recursive: true });
    const write = (id: string, xml: string) => writeFileSync(path.join(voc, 'Annotations', `${id}.xml`), xml);
    write(
      'one',
      `<annotation>${size}${object('dog', [11, 21, 40.9, 60])}${object('cat', [1, 1, 20, 20], '<difficult>1</difficult>')}</annotation>`,
    );
    write('two', `<annotation>${object('dog', [5, 5, 50, 50])}</annotation>`);
    write(
      'flat',
      `<annotation>${size}${object('dog', [5, 5, 5, 50])}${object('dog', [300, 5, 350, 50])}<object><name>cat</name></object><object><bndbox/></object>${object('cat', [1, 2, 3, Number.NaN])}</annotation>`,
    );
    write('empty', '');
    write('torn', '<annotation><object><name>dog</na');
    write('gone', `<annotation>${size}${object('dog', [5, 5, 50, 50])}</annotation>`);
    write('elsewhere', `<annotation>${size}${object('bird', [5, 5, 50, 50])}</annotation>`);
    for (const id of ['one', 'two', 'flat', 'empty', 'torn'])
      writeFileSync(path.join(voc, 'JPEGImages', `${id}.jpg`), readFileSync(path.join(images(), 'a.jpg')));
    writeFileSync(path.join(voc, 'ImageSets/Main/train.txt'), 'one  1\ntwo -1\n\nflat\nempty\ntorn\ngone\nabsent\n');
  });

  it('counts from 0, cuts to integers, ignores difficult ones, asks the image for a missing size', async () => {
    const { records, classes } = await loadVoc(voc);
    expect(classes).toEqual(['bird', 'cat', 'dog']);
    const [one, two] = records;
    expect([...one.truths.bboxes]).toEqual([10, 20, 39, 59, 0, 0, 19, 19]);
    expect([[...one.truths.labels], [...one.truths.ignored]]).toEqual([
      [2, 1],
      [0, 1],
    ]);
    expect([two.width, two.height]).toEqual([100, 80]);
  });

  it('reports bad files and objects by id', async () => {
    const { records, problems } = await loadVoc(voc, { split: 'train', classes: ['dog', 'cat'] });
    expect(records.map((record) => path.basename(record.path, '.jpg'))).toEqual(['one', 'two', 'flat']);
    expect(problems.map(({ kind, id }) => `${kind} ${id}`).sort()).toEqual(
      [
        'zero-area flat#1',
        'box-outside flat#2',
        'empty-annotation flat#3',
        'unknown-category flat#4',
        'bad-annotation flat#5',
        'empty-annotation empty',
        'bad-annotation torn',
        'missing-image gone',
        'bad-annotation absent',
      ].sort(),
    );
  });

  it('names the splits there are', async () => {
    await expect(loadVoc(voc, { split: 'trian' })).rejects.toThrow(/mean "train"/);
    await expect(loadVoc(root)).rejects.toThrow(/Annotations/);
  });

  it('is built from a config', async () => {
    const registry = new Registry(DATASETS);
    const config = {
      type: 'VOCDataset',
      data_root: voc,
      ann_file: 'ImageSets/Main/train.txt',
      metainfo: { classes: ['dog'] },
    };
    const data = await (registry.build('dataset', config, { path: 'train' }) as DatasetLoader).load();
    expect(data.classes).toEqual(['dog']);
    expect(() => registry.build('dataset', { ...config, ann_file: 'train.txt' }, { path: 'train' })).toThrow(
      /ImageSets/,
    );
    const coco = {
      type: 'CocoDataset',
      data_root: root,
      ann_file: 'good.json',
      data_prefix: { img: 'images/' },
      indices: 1,
    };
    expect((await (registry.build('dataset', coco, { path: 'train' }) as DatasetLoader).load()).records.length).toBe(1);
  });
});

describe('decoding', () => {
  it('applies EXIF orientation, drops alpha, widens gray', async () => {
    const file = path.join(root, 'turned.jpg');
    await sharp({ create: { width: 30, height: 20, channels: 3, background: 'red' } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toFile(file);
    const turned = await decodeImage(file);
    expect([turned.width, turned.height, turned.order]).toEqual([20, 30, 'rgb']);
    expect(await imageSize(file)).toEqual({ width: 20, height: 30 });
    const clear = await sharp({
      create: { width: 3, height: 2, channels: 4, background: { r: 9, g: 99, b: 199, alpha: 0.2 } },
    })
      .png()
      .toBuffer();
    expect([...(await decodeImage(clear)).data.subarray(0, 3)]).toEqual([9, 99, 199]);
    const gray = await sharp({ create: { width: 3, height: 2, channels: 3, background: '#808080' } })
      .greyscale()
      .png()
      .toBuffer();
    expect((await decodeImage(gray)).data.length).toBe(18);
  });
  it('names what it cannot decode', async () => {
    await expect(decodeImage(path.join(root, 'no.jpg'), 5)).rejects.toMatchObject({
      problem: { kind: 'missing-image', id: 5 },
    });
    await expect(decodeImage(Buffer.from('no image'))).rejects.toMatchObject({ problem: { kind: 'unreadable-image' } });
    await expect(decodeImage(root)).rejects.toMatchObject({ problem: { kind: 'unreadable-image' } });
  });
});

const bccd = path.resolve(__dirname, '../../../shared/data/bccd');
if (!existsSync(bccd)) console.log(`skipped: photographs of blood cells, expected at ${bccd}`);
it.skipIf(!existsSync(bccd))('reads real photographs with real mistakes in them', async () => {
  const train = await loadVoc(bccd, { split: 'train' });
  expect(train.classes).toEqual(['Platelets', 'RBC', 'WBC']);
  expect(train.records.length).toBe(205);
  expect(train.problems.map(({ kind, id }) => [kind, id])).toEqual([['zero-area', 'BloodImage_00343#4']]);
  const image = await decodeImage(train.records[0].path);
  expect([image.width, image.height]).toEqual([train.records[0].width, train.records[0].height]);
});
