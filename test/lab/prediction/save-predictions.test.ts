// What predictions are written as: COCO results, JSON lines, drawings, crops, YOLO and labelme files; and where nothing is written.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeImage } from '../../../src/data';
import { PredictionList } from '../../../src/lab/prediction-list';
import { Predictions } from '../../../src/lab/predictions';
import { countsFromString } from '../../../src/masks/rle-string';

const root = mkdtempSync(join(tmpdir(), 'detlab-save-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const classes = ['car', 'traffic/light'];
const image = { data: new Uint8Array(100 * 50 * 3), width: 100, height: 50, order: 'bgr' as const };
for (let i = 0; i < image.data.length; i++) image.data[i] = [10, 20, 200][i % 3]; // blue, green, red
const ring = {
  height: 50,
  width: 100,
  counts: countsOf((x, y) => x >= 50 && x < 90 && y >= 5 && y < 45 && !(x > 60 && x < 80 && y > 15 && y < 35)),
};
const detections = {
  bboxes: new Float32Array([10, 10.5, 40, 30, 50, 5, 90, 45, -5, 0, 9, 9]),
  scores: new Float32Array([0.875, 0.5, 0.125]),
  labels: new Int32Array([0, 1, 0]),
};

/** Runs by columns, of the pixels for which it holds. */
function countsOf(holds: (x: number, y: number) => boolean): Uint32Array {
  const runs = [0];
  for (let x = 0; x < 100; x++)
    for (let y = 0; y < 50; y++) {
      if (holds(x, y) !== (runs.length % 2 === 0)) runs.push(0);
      runs[runs.length - 1]++;
    }
  return Uint32Array.from(runs);
}

const masks = [
  { ...ring, counts: countsOf((x, y) => x >= 10 && x < 40 && y >= 10 && y < 30) },
  ring,
  { ...ring, counts: countsOf((x, y) => x < 9 && y < 9) },
];
const boxes = (source: string, file?: string) =>
  Predictions.create(source, image, detections, classes, { threshold: 0.4 }, { file });
const masked = Predictions.create('street.jpg', image, { ...detections, masks }, classes, { threshold: 0.4 });
const listOf = (...all: Predictions[]) => PredictionList.create(all, classes, { threshold: 0.4 });
const list = listOf(boxes('a/street.jpg'), boxes('b/street.jpg'), boxes('../../../evil.jpg'));
const read = (...names: string[]) => readFileSync(join(root, ...names), 'utf8');

test('COCO results: boxes and masks of all scores, numbered in the order of images and classes', async () => {
  const file = await listOf(masked, boxes('b.jpg')).save(join(root, 'deep', 'a.coco.json'));
  expect(file).toBe(join(root, 'deep', 'a.coco.json'));
  const entries = JSON.parse(read('deep', 'a.coco.json'));
  expect(
    entries.map((e: { image_id: number; category_id: number; file_name: string }) => [
      e.image_id,
      e.category_id,
      e.file_name,
    ]),
  ).toEqual([
    [1, 1, 'street.jpg'],
    [1, 2, 'street.jpg'],
    [1, 1, 'street.jpg'],
    [2, 1, 'b.jpg'],
    [2, 2, 'b.jpg'],
    [2, 1, 'b.jpg'],
  ]);
  expect(entries[0]).toMatchObject({ bbox: [10, 10.5, 30, 19.5], score: 0.875, segmentation: { size: [50, 100] } });
  expect(countsFromString(entries[1].segmentation.counts)).toEqual(ring.counts);
  expect(entries[3]).not.toHaveProperty('segmentation');
});

test('COCO results: images that are called by numbers have these as ids', async () => {
  await listOf(boxes('val/000000000139.jpg'), boxes('7.png')).save(join(root, 'n.coco.json'));
  expect(new Set(JSON.parse(read('n.coco.json')).map((e: { image_id: number }) => e.image_id))).toEqual(
    new Set([139, 7]),
  );
});

test('COCO results with the ids of data', async () => {
  const record = { id: 42, path: '/photos/street.jpg', width: 100, height: 50 };
  const evaluated = {
    name: 'val',
    classes: ['person', ...classes],
    categories: [
      { id: 90, label: 1 },
      { id: 3, label: 2 },
    ],
    records: [record],
    problems: [],
  };
  const data = { evaluated } as never;
  const found = listOf(boxes('street.jpg', '/photos/street.jpg'));
  await found.save(join(root, 'd.coco.json'), { data });
  expect(JSON.parse(read('d.coco.json')).map((e: object) => ({ ...e }))[1]).toEqual({
    image_id: 42,
    category_id: 3,
    bbox: [50, 5, 40, 40],
    score: 0.5,
  });
  await expect(list.save(join(root, 'e.coco.json'), { data })).rejects.toThrow(
    'with the ids of "val": it has no image "a/street.jpg"',
  );
  const stranger = { evaluated: { ...evaluated, classes: ['dog'] } } as never;
  await expect(found.save(join(root, 'e.coco.json'), { data: stranger })).rejects.toThrow(
    'it has no class "car"; its classes are dog',
  );
  expect(existsSync(join(root, 'e.coco.json'))).toBe(false);
});

test('JSON lines: an image a line', async () => {
  await listOf(masked, boxes('b.jpg')).save(join(root, 'a.jsonl'));
  const [first, second, ...more] = read('a.jsonl')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(more).toEqual([]);
  expect(first).toMatchObject({
    source: 'street.jpg',
    width: 100,
    height: 50,
    predictions: [{ label: 'car', score: 0.875, mask: { size: [50, 100] } }, {}, {}],
  });
  expect(second.predictions[1]).toEqual({ label: 'traffic/light', score: 0.5, bbox: [50, 5, 90, 45] });
  const none = await PredictionList.create([], classes).save(join(root, 'none.jsonl'));
  expect([none, readFileSync(none, 'utf8')]).toEqual([join(root, 'none.jsonl'), '']);
});

test('a folder of drawings: names are safe and each is there', async () => {
  await list.save(join(root, 'drawn/'));
  expect(readdirSync(join(root, 'drawn')).sort()).toEqual(['evil.png', 'street-2.png', 'street.png']);
  expect((await sharp(join(root, 'drawn', 'street.png')).metadata()).format).toBe('png');
  await list.save(join(root, 'drawn')); // again: replaced
  expect(readdirSync(join(root, 'drawn'))).toHaveLength(3);
});

test('crops by class, of the pixels that a box touches', async () => {
  await listOf(boxes('street.jpg')).save(join(root, 'crops'), { as: 'crops', threshold: 0.1 });
  expect(readdirSync(join(root, 'crops')).sort()).toEqual(['car', 'traffic_light']);
  expect(readdirSync(join(root, 'crops', 'car')).sort()).toEqual(['street-1.png', 'street-3.png']);
  const crop = await decodeImage(join(root, 'crops', 'car', 'street-1.png'));
  expect([crop.width, crop.height, ...crop.data.subarray(0, 3)]).toEqual([30, 20, 200, 20, 10]);
  expect((await decodeImage(join(root, 'crops', 'car', 'street-3.png'))).width).toBe(9); // inside of the image
});

test('YOLO: labels of confident boxes, an empty file where there are none, the classes', async () => {
  const none = Predictions.create('empty.jpg', image, { ...detections, scores: new Float32Array(3) }, classes);
  await listOf(boxes('street.jpg'), none, boxes('classes.jpg')).save(join(root, 'yolo'), { as: 'yolo' });
  expect(read('yolo', 'street.txt')).toBe('0 0.25 0.405 0.3 0.39\n1 0.7 0.5 0.4 0.8\n');
  expect(read('yolo', 'empty.txt')).toBe('');
  expect(read('yolo', 'classes.txt')).toBe('car\ntraffic/light\n');
  expect(existsSync(join(root, 'yolo', 'classes-2.txt'))).toBe(true);
});

test('annotations that are there are kept, unless they are to be replaced', async () => {
  const folder = join(root, 'kept');
  mkdirSync(folder);
  writeFileSync(join(folder, 'street.txt'), 'corrected');
  const save = (options = {}) => listOf(boxes('new.jpg'), boxes('street.jpg')).save(folder, { as: 'yolo', ...options });
  await expect(save()).rejects.toThrow(
    /Cannot write the annotations of 2 images: ".*street\.txt" exist already.*\{ overwrite: true \}/,
  );
  expect(readdirSync(folder)).toEqual(['street.txt']);
  await save({ overwrite: true });
  expect(read('kept', 'street.txt')).not.toBe('corrected');
  await expect(PredictionList.create([boxes('more.jpg')], ['dog']).save(folder, { as: 'yolo' })).rejects.toThrow(
    'it has other classes',
  );
});

test('labelme: rectangles, polygons of masks, the image by its path or inside', async () => {
  const file = join(root, 'photos', 'street.jpg');
  await listOf(boxes('street.jpg', file), masked).save(join(root, 'labelme'), { as: 'labelme' });
  const first = JSON.parse(read('labelme', 'street.json'));
  expect(first).toMatchObject({
    imagePath: '../photos/street.jpg',
    imageData: null,
    imageHeight: 50,
    imageWidth: 100,
    flags: {},
  });
  expect(first.shapes[0]).toEqual({
    label: 'car',
    points: [
      [10, 10.5],
      [40, 30],
    ],
    group_id: null,
    description: 'score 0.875',
    shape_type: 'rectangle',
    flags: {},
    mask: null,
  });
  const second = JSON.parse(read('labelme', 'street-2.json'));
  expect([second.imagePath, second.shapes.length]).toEqual(['street.png', 2]);
  expect((await decodeImage(Buffer.from(second.imageData, 'base64'))).data.slice(0, 3)).toEqual(
    Buffer.from([200, 20, 10]),
  );
  // the hole of the ring is left out
  expect(second.shapes[1]).toMatchObject({ shape_type: 'polygon', group_id: null });
  const xs = second.shapes[1].points.map(([x]: number[]) => x);
  expect([Math.min(...xs), Math.max(...xs)]).toEqual([50, 90]);
});

test('nothing is written outside of the folder, also by links', async () => {
  const [folder, outside] = [join(root, 'links'), join(root, 'outside')];
  mkdirSync(folder);
  mkdirSync(outside);
  writeFileSync(join(outside, 'target.txt'), 'untouched');
  symlinkSync(join(outside, 'target.txt'), join(folder, 'street.png'));
  symlinkSync(outside, join(folder, 'car'));
  await listOf(boxes('street.jpg')).save(folder);
  expect(read('outside', 'target.txt')).toBe('untouched'); // the link was replaced
  await expect(listOf(boxes('street.jpg')).save(folder, { as: 'crops' })).rejects.toThrow(
    /Cannot save 1 of 1 images.*is outside of/,
  );
  expect(readdirSync(outside)).toEqual(['target.txt']);
});

test('one image that cannot be drawn does not take the others along', async () => {
  const gone = Predictions.create(
    'gone.jpg',
    { width: 100, height: 50, again: () => decodeImage(join(root, 'gone.jpg')) },
    detections,
    classes,
  );
  const folder = join(root, 'some');
  await expect(listOf(gone, boxes('b.jpg')).save(folder)).rejects.toThrow(
    /Cannot save 1 of 2 images in ".*some": .*Cannot find image/,
  );
  expect(readdirSync(folder)).toEqual(['b.png']);
});

test.each<[string, object, string]>([
  ['a.bmp', {}, 'expected an extension of .coco.json, .jsonl, .csv, .json, .html'],
  ['a.csv', { as: 'yolo' }, 'as: "yolo" fills a folder, "'],
  ['out/', { data: { evaluated: {} } }, 'data: has the ids of COCO results'],
  ['out/', { as: 'yolov5' }, 'Cannot save the predictions: as: '],
  ['out/', { treshold: 1 }, 'Did you mean "threshold"?'],
])('%s with %j', async (target, options, message) => {
  await expect(list.save(join(root, target), options)).rejects.toThrow(message);
  await expect(boxes('a.jpg').save(join(root, target), options)).rejects.toThrow(message);
});

test('a folder that cannot be made, a file in its place', async () => {
  writeFileSync(join(root, 'file'), '');
  await expect(list.save(join(root, 'file/'))).rejects.toThrow(/Cannot make the folder ".*file"/);
});

beforeAll(() => mkdirSync(join(root, 'photos')));
