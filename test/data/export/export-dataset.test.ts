// Data sets written in other formats and read back: what a format holds comes back exactly, the rest is said.

import { existsSync, lstatSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { type ExportOptions, exportDataset } from '../../../src/data/export/export-dataset';
import { datasetsOf, openFormat } from '../../../src/data/formats/open-format';
import { readPlainObjects } from '../../../src/data/formats/plain-objects';
import { ReadReport } from '../../../src/data/formats/read-report';
import type { Dataset } from '../../../src/data/types';
import { encodeRle, rleToSegmentation } from '../../../src/masks';
import { greyImages, newFolder } from '../datasets/cases';
import { opened, summary } from '../formats/opened';

let parts: { name: string; dataset: Dataset }[];
const CLASSES = ['cat', 'dog & <co>', 'unused'];
const RUNS = rleToSegmentation(
  encodeRle(
    Uint8Array.from({ length: 1200 }, (_, i) => (i % 40 > 9 && i > 200 ? 1 : 0)),
    30,
    40,
  ),
);

/** Two splits with fractions, a polygon of two parts, run lengths, an ignored object and one beyond its image. */
beforeAll(async () => {
  const folder = newFolder();
  await greyImages(folder, { 'x/a.png': [40, 30], 'y/a.png': [40, 30], 'v.png': [40, 30] });
  const at = (name: string) => path.join(folder, name);
  const given = [
    { image: at('x/a.png'), boxes: [[1.1, 2.3, 11.7, 12.9], [0, 0, 40, 30], [3, 4, 20, 20]], labels: [0, 1, 1], segmentations: [null, null, [[3, 4, 9, 4, 9, 20], [12, 4, 20, 4, 20, 20]]], ignored: [0, 1, 0] }, // biome-ignore format: a table
    { image: at('y/a.png'), boxes: [], labels: [] },
    { image: at('v.png'), boxes: [[30, 20, 44.5, 29]], labels: [0], split: 'val', id: 7 },
  ];
  const report = new ReadReport('given');
  const { train, val } = await datasetsOf(
    readPlainObjects(given, { classes: CLASSES }, report),
    'given',
    { classes: CLASSES, absentClasses: 'note' },
    report,
  );
  const [first] = train.records;
  first.truths.ignored[1] = 1;
  parts = [
    { name: 'train', dataset: train },
    { name: 'val', dataset: val! },
  ];
});

async function roundTrip(format: string, options: ExportOptions = {}) {
  const folder = path.join(newFolder(), 'out');
  const lines: string[] = [];
  const { notices } = await exportDataset(format, folder, parts, { onNotice: (line) => lines.push(line), ...options });
  expect(lines).toEqual(notices);
  return { ...(await opened(folder, 'auto', { classes: CLASSES, absentClasses: 'note' })), folder, notices };
}

it.each(['coco', 'labelme', 'middle'])('%s comes back exactly', async (format) => {
  const { train, val, notices } = await roundTrip(format);
  const boxes = (dataset?: Dataset) =>
    dataset?.records.map((record) => Object.values(summary({ ...dataset, records: [record] }).boxes)[0]);
  expect(boxes(train)).toEqual(boxes(parts[0].dataset));
  expect(boxes(val)).toEqual(boxes(parts[1].dataset));
  for (const [i, record] of train.records.entries()) {
    const original = parts[0].dataset.records[i];
    expect([...record.truths.bboxes]).toEqual([...original.truths.bboxes]);
    expect(record.segmentations?.filter(Boolean)).toEqual(original.segmentations?.filter(Boolean));
  }
  expect(notices.filter((line) => !line.startsWith('images of one name'))).toHaveLength(format === 'middle' ? 0 : 1);
  expect(notices.at(-1)).toMatch(/images of one name are renamed, such as ".*y\/a.png" as "y_a.png"/);
});

it('VOC: whole pixels from 1, the box around an outline, difficult', async () => {
  const { folder, boxes, valid, notices } = await roundTrip('voc');
  expect(boxes.a).toEqual([
    ['cat', 1, 2, 12, 13],
    ['dog & <co>', 0, 0, 40, 30, 'ignored'],
    ['dog & <co>', 3, 4, 20, 20],
  ]);
  expect(valid?.boxes.v).toEqual([['cat', 30, 20, 40, 29]]);
  expect(notices.slice(0, 3)).toEqual([
    '1 object is written as the boxes around their outlines, of which VOC has none',
    '2 objects are rounded to whole pixels, of which VOC counts',
    '1 object is cut to their images',
  ]);
  const xml = readFileSync(path.join(folder, 'Annotations/a.xml'), 'utf8');
  expect(xml).toContain('<xmin>2</xmin><ymin>3</ymin><xmax>13</xmax><ymax>14</ymax>');
});

it('VOC from 0: fractions and all come back, and it is known by its owner', async () => {
  const { boxes, valid, notices } = await roundTrip('voc', { firstPixel: 0 });
  expect(boxes.a[0]).toEqual(['cat', 1.1, 2.3, 11.7, 12.9]);
  expect(valid?.boxes.v).toEqual([['cat', 30, 20, 44.5, 29]]);
  expect(notices[0]).toMatch(/1 object is written as the boxes/);
  await expect(roundTrip('coco', { firstPixel: 0 })).rejects.toThrow(/coco with firstPixel: only 'voc'/);
});

it('YOLO: boxes where not every object is one polygon, without ignored ones', async () => {
  const { boxes, valid, notices, folder, classes } = await roundTrip('yolo', { images: 'link' });
  expect([boxes.a, boxes.y_a]).toEqual([
    [
      ['cat', 1.1, 2.3, 11.7, 12.9],
      ['dog & <co>', 3, 4, 20, 20],
    ],
    [],
  ]);
  expect([valid?.boxes.v, classes]).toEqual([[['cat', 30, 20, 40, 29]], CLASSES]);
  expect(notices.slice(0, 3)).toEqual([
    '1 object is ignored or crowds, which YOLO does not have, and not written',
    '1 object is written as the boxes around their outlines: YOLO has polygons of one part, of all objects or of none',
    '1 object is cut to their images, beyond which Ultralytics refuses coordinates',
  ]);
  expect(lstatSync(path.join(folder, 'images/train/a.png')).isSymbolicLink()).toBe(true);
});

it('YOLO: polygons where every object is one', async () => {
  const [{ dataset }] = parts;
  const polygon = [[1, 2, 11, 2, 11, 12.5]];
  const [first] = dataset.records;
  const record = {
    ...first,
    truths: { bboxes: Float32Array.of(1, 2, 11, 12.5), labels: Int32Array.of(1), ignored: Uint8Array.of(0) },
  };
  const whole = { ...dataset, records: [{ ...record, areas: Float32Array.of(50), segmentations: [polygon] }] };
  const folder = path.join(newFolder(), 'out');
  await exportDataset('yolo', folder, [{ name: 'train', dataset: whole }]);
  const { train } = await openFormat(folder, 'yolo', {});
  const [[outline]] = train.records[0].segmentations as number[][][];
  expect(outline.map((value) => Math.round(value * 1e9) / 1e9)).toEqual(polygon[0]);
});

it('labelme writes run lengths as masks', async () => {
  const [{ dataset }] = parts;
  const [first] = dataset.records;
  const mask = { ...first, segmentations: [RUNS, undefined, undefined] };
  const folder = path.join(newFolder(), 'out');
  await exportDataset('labelme', folder, [{ name: 'train', dataset: { ...dataset, records: [mask] } }]);
  const { train } = await openFormat(folder, 'labelme', {});
  expect(train.records[0].segmentations?.[0]).toEqual(RUNS);
});

it('leaves images where they are, with names relative to a folder that is said', async () => {
  for (const format of ['coco', 'middle', 'labelme']) {
    const folder = path.join(newFolder(), 'out');
    const { notices } = await exportDataset(format, folder, parts, { images: 'leave' });
    const common = /relative to "([^"]+)"/.exec(notices.join('\n'))?.[1];
    expect(common === undefined).toBe(format === 'labelme');
    expect(existsSync(path.join(folder, 'images'))).toBe(false);
    const { train } = await openFormat(folder, format, common === undefined ? {} : { images: common });
    expect(train.records.map((record) => record.path)).toEqual(parts[0].dataset.records.map((record) => record.path));
  }
});

it('refuses to replace images of the data set itself, before anything is written', async () => {
  const source = newFolder();
  await greyImages(source, { 'train/a.png': [40, 30] });
  const record = (name: string) => ({ ...parts[0].dataset.records[0], path: path.join(source, name) });
  const given = (...names: string[]) => [
    { name: 'train', dataset: { ...parts[0].dataset, records: names.map(record) } },
  ];
  const label = path.join(source, 'train/a.json');
  writeFileSync(label, 'mine');
  const bytes = readFileSync(path.join(source, 'train/a.png'));
  const linked = path.join(newFolder(), 'linked');
  symlinkSync(source, linked);
  for (const folder of [source, linked])
    for (const images of ['copy', 'link'] as const)
      await expect(exportDataset('labelme', folder, given('train/a.png'), { overwrite: true, images })).rejects.toThrow(
        /Cannot export ".*train\/a.png" to ".*train\/a.png": this is an image of the data set itself/,
      );
  // another image than the one that is there: x/a.png first, as a.png
  await greyImages(source, { 'train/x/a.png': [9, 9] });
  await expect(
    exportDataset('labelme', source, given('train/x/a.png', 'train/a.png'), { overwrite: true }),
  ).rejects.toThrow(/Cannot export ".*train\/x\/a.png" to ".*train\/a.png"/);
  expect([readFileSync(label, 'utf8'), readFileSync(path.join(source, 'train/a.png'))]).toEqual(['mine', bytes]);
});

it('YOLO without validation images says what val is', async () => {
  const folder = path.join(newFolder(), 'out');
  const { notices } = await exportDataset('yolo', folder, parts.slice(0, 1));
  expect(notices.join('\n')).toMatch(/no validation images: val of data.yaml, .* is the folder of the training images/);
  expect((await roundTrip('yolo')).notices.join('\n')).not.toMatch(/no validation images/);
});

it('refuses what it cannot do before writing', async () => {
  const folder = newFolder();
  await expect(exportDataset('cocoo', folder, parts)).rejects.toThrow(
    /as "cocoo": no such format. Did you mean "coco"\?/,
  );
  await expect(exportDataset('yolo', folder, parts, { images: 'leave' })).rejects.toThrow(
    /with images: 'leave'.* Use 'link' or 'copy'/,
  );
  await exportDataset('coco', path.join(folder, 'out'), parts);
  await expect(exportDataset('coco', path.join(folder, 'out'), parts)).rejects.toThrow(/the folder is not empty/);
  await exportDataset('coco', path.join(folder, 'out'), parts, { overwrite: true });
});
