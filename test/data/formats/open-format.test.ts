// Small data sets of every format, recognised, and what is reported of entries that cannot be used.

import path from 'node:path';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { expect, it, vi } from 'vitest';
import { newFolder } from '../datasets/cases';
import { folderOf, opened } from './opened';

import content = require('../../../src/data/datasets/coco/content'); // itself, to be spied on

/** A mask of 4 x 3 pixels, all but the first set, as a PNG in base64; transparent where it is not set. */
async function maskPng(deflated: boolean): Promise<string> {
  const data = new Uint8Array(48).fill(255);
  data.fill(0, 0, 4);
  const png = await sharp(data, { raw: { width: 4, height: 3, channels: 4 } })
    .png()
    .toBuffer();
  return (deflated ? deflateSync(png) : png).toString('base64');
}

it('labelme: groups, circles, masks; shapes that are none', async () => {
  // biome-ignore format: a shape a line
  const shapes = [
    { label: 'cat', shape_type: 'polygon', group_id: 1, points: [[10, 10], [20, 10], [20, 20]] },
    { label: 'cat', shape_type: 'polygon', group_id: 1, points: [[30, 30], [40, 30], [40, 45]] },
    { label: 'dog', shape_type: 'circle', points: [[50, 50], [50, 60]] },
    { label: 'dog', shape_type: 'mask', points: [[60, 70], [63, 72]], mask: await maskPng(false) },
    { label: 'dog', shape_type: 'point', points: [[1, 1]] },
    { label: '__ignore__', shape_type: 'rectangle', points: [[1, 1], [9, 9]] },
    { label: 'dog', shape_type: 'rectangel', points: [[1, 1], [9, 9]] },
    { shape_type: 'rectangle', points: [[1, 1], [9, 9]] },
    { label: 'dog', shape_type: 'mask', points: [[60, 70], [63, 72]], mask: 'bm90IGEgcG5n' },
  ];
  const folder = await folderOf({
    'json/a.json': JSON.stringify({
      version: '5.5.0',
      shapes,
      imagePath: '..\\a.png',
      imageHeight: 200,
      imageWidth: 100,
    }),
    'json/b.json': '{"shapes": [], "flags": {}, "imagePath": "b.png"',
  });
  const { boxes, messages, problems, notices } = await opened(folder);
  expect(boxes).toEqual({
    a: [
      ['cat', 10, 10, 40, 45, 'outline'],
      ['dog', 40, 40, 60, 60, 'outline'],
      ['dog', 60, 70, 64, 73, 'outline'],
    ],
  });
  expect(problems).toEqual([
    'bad-annotation a.json#7',
    'bad-annotation a.json#8',
    'bad-annotation a.json#9',
    'bad-annotation b.json',
  ]);
  expect(messages).toMatch(
    /Shape 7 of ".*" \(dog\) has the shape_type "rectangel": did you mean "rectangle"\?; skipped/,
  );
  expect(notices).toMatch(/points and lines, which have no area and are not used: 1, such as a.json#5/);
  expect(notices).toMatch(/shapes of __ignore__, which is no class in labelme and not used: 1/);
});

it('Label Studio: brushes, ellipses, several annotations, the short form', async () => {
  const sized = { original_width: 8, original_height: 6 };
  const rle = [0, 0, 0, 192, 57, 27, 254, 75, 0, 183, 255, 132, 192, 45, 255, 225, 48, 11, 127, 248, 156, 0];
  const result = [
    { ...sized, type: 'brushlabels', value: { format: 'rle', rle, brushlabels: ['cat'] } },
    { ...sized, type: 'ellipselabels', value: { x: 50, y: 50, radiusX: 25, radiusY: 50, ellipselabels: ['dog'] } },
    { ...sized, type: 'brushlabels', value: { rle: rle.slice(0, 9), brushlabels: ['cat'] } },
    { ...sized, type: 'choices', value: { choices: ['sharp'] } },
    { ...sized, type: 'bitmasklabels', value: { imageDataURL: 'data:', bitmasklabels: ['cat'] } },
  ];
  const old = { was_cancelled: false, result: [] };
  const tasks = [{ id: 7, data: { image: '/data/upload/1/0a1b2c3d-a.png' }, annotations: [old, { result }] }];
  const full = await opened(await folderOf({ 'tasks.json': JSON.stringify(tasks) }, ['a.png'], [8, 6]));
  expect(full.boxes).toEqual({
    a: [
      ['cat', 3, 2, 6, 5, 'outline'],
      ['dog', 2, 0, 6, 6, 'outline'],
    ],
  });
  expect(full.train.records[0].id).toBe(7);
  expect(full.problems).toEqual(['duplicate 7', 'bad-annotation tasks.json#1.3']);
  expect(full.notices).toMatch(/regions with bitmasklabels, which are not read: 1/);
  const short = [
    {
      image: 'http://host/a.png',
      label: [{ x: 0, y: 50, width: 50, height: 25, rotation: 0, rectanglelabels: ['cat'] }],
    },
  ];
  const { boxes } = await opened(await folderOf({ 'min.json': JSON.stringify(short) }));
  expect(boxes).toEqual({ a: [['cat', 0, 100, 50, 150]] });
});

it('CVAT: tracks of a video, turned boxes, ellipses; a file that is torn', async () => {
  const xml = `<annotations><version>1.1</version><meta><task><labels><label><name>car</name></label><label><name>wheel</name><parent>car</parent></label></labels>
    <original_size><width>100</width><height>200</height></original_size></task></meta>
    <track id="0" label="car"><box frame="0" outside="0" keyframe="1" xtl="10" ytl="20" xbr="30" ybr="60"/>
      <box frame="1" outside="0" keyframe="0" xtl="12" ytl="20" xbr="32" ybr="60" rotation="90"/>
      <box frame="2" outside="1" keyframe="1" xtl="14" ytl="20" xbr="34" ybr="60"/></track></annotations>`;
  const frames = ['images/frame_000000.PNG', 'images/frame_000001.PNG'];
  const video = await opened(await folderOf({ 'annotations.xml': xml }, frames));
  expect(video.boxes).toEqual({ frame_000000: [['car', 10, 20, 30, 60]], frame_000001: [['car', 2, 30, 42, 50]] });
  expect(video.classes).toEqual(['car']);
  const images = `<annotations><image id="0" name="a.png" width="100" height="200"><ellipse label="eye" cx="50" cy="60" rx="10" ry="20"/>
    <box label="eye" xtl="1" ytl="1" xbr="x" ybr="9"/><points label="eye" points="1,1"/><polygon label="eye" points="1,1;2"/></image></annotations>`;
  const { boxes, messages, notices } = await opened(await folderOf({ 'a.xml': images }));
  expect(boxes).toEqual({ a: [['eye', 40, 40, 60, 80, 'outline']] });
  expect(messages).toMatch(/<box> 1 of image "a.png" in ".*" \(eye\) has no xtl, ytl, xbr and ybr; skipped/);
  expect(messages).toMatch(/<polygon> 1 of .* has no points/);
  expect(notices).toMatch(/points and lines, which are no boxes and not used: 1/);
  await expect(opened(await folderOf({ 'a.xml': images.replace('</image>', '') }))).rejects.toThrow(
    /Cannot use ".*a.xml": line 2: /,
  );
});

it('CVAT: tracks are of the split of their folder or task', async () => {
  const track = (x: number, subset = '') =>
    `<track label="car"${subset}><box frame="0" outside="0" xtl="${x}" ytl="20" xbr="30" ybr="60"/></track>`;
  const xml = (...tracks: string[]) => `<annotations><version>1.1</version>${tracks.join('')}</annotations>`;
  const names = ['train/frame_000000.png', 'valid/frame_000000.png'];
  const files = { 'train/annotations.xml': xml(track(10)), 'valid/annotations.xml': xml(track(12)) };
  const folders = await opened(await folderOf(files, names));
  expect([folders.boxes, folders.valid?.boxes]).toEqual([
    { frame_000000: [['car', 10, 20, 30, 60]] },
    { frame_000000: [['car', 12, 20, 30, 60]] },
  ]);
  const project = xml(track(10, ' subset="Train"'), track(12, ' subset="Validation"'));
  const { boxes, valid } = await opened(await folderOf({ 'a.xml': project }, ['images/frame_000000.png']));
  expect([boxes.frame_000000, valid?.boxes.frame_000000]).toEqual([
    [['car', 10, 20, 30, 60]],
    [['car', 12, 20, 30, 60]],
  ]);
});

it('VIA: projects, version 1, CSV, the attribute that is the class', async () => {
  const region = (attributes: object, shape: object) => ({ shape_attributes: shape, region_attributes: attributes });
  const rect = { name: 'rect', x: 10, y: 20, width: 30, height: 40 };
  const regions = [
    region({ species: 'cat', quality: { good: true } }, rect),
    region({ species: 'dog' }, { name: 'polygon', all_points_x: [1, 11, 11], all_points_y: [1, 1, 21] }),
    region({ species: 'dog' }, { name: 'circle', cx: 50, cy: 50, r: 5 }),
    region({}, rect),
    region({ species: 'dog' }, { name: 'rect', x: 1 }),
    region({ species: 'dog' }, { name: 'polyline', all_points_x: [1, 2], all_points_y: [1, 2] }),
  ];
  const project = { _via_settings: {}, _via_img_metadata: { 'a.png100': { filename: 'a.png', size: 100, regions } } };
  const folder = await folderOf({ 'via_project.json': JSON.stringify(project) });
  const { boxes, problems, notices } = await opened(folder);
  expect(boxes.a).toEqual([
    ['cat', 10, 20, 40, 60],
    ['dog', 1, 1, 11, 21, 'outline'],
    ['dog', 45, 45, 55, 55, 'outline'],
  ]);
  expect(problems).toEqual(['unknown-category a.png#4', 'bad-annotation a.png#5']);
  expect(notices).toMatch(/the class of a region is its attribute "species" \(others: quality\)/);
  expect((await opened(folder, 'via', { attribute: 'quality' })).boxes.a).toEqual([['good', 10, 20, 40, 60]]);
  await expect(opened(folder, 'via', { attribute: 'specie' })).rejects.toThrow(
    /no region has the attribute "specie". Did you mean "species"\?/,
  );
  const first = { a: { filename: 'a.png', regions: { 0: regions[0] } } };
  expect(
    (await opened(await folderOf({ 'via.json': JSON.stringify(first) }), 'via', { attribute: 'species' })).boxes.a,
  ).toHaveLength(1);
  const csv =
    'filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes\n' +
    'a.png,100,"{}",1,0,"{""name"":""rect"",""x"":10,""y"":20,""width"":30,""height"":40}","{""type"":""cat""}"\n' +
    'b.png,100,"{}",0,0,"{}","{}"\n';
  expect((await opened(await folderOf({ 'via.csv': csv }))).boxes).toEqual({ a: [['cat', 10, 20, 40, 60]], b: [] });
});

it('Supervisely: rectangles, polygons with holes, bitmaps, parts of one instance, classes of meta.json', async () => {
  const square = (from: number, to: number) => [
    [from, from],
    [to, from],
    [to, to],
    [from, to],
  ];
  const objects = [
    {
      classTitle: 'cat',
      geometryType: 'rectangle',
      points: {
        exterior: [
          [10, 20],
          [40, 60],
        ],
        interior: [],
      },
    },
    { classTitle: 'dog', geometryType: 'polygon', points: { exterior: square(10, 50), interior: [square(20, 30)] } },
    { classTitle: 'dog', geometryType: 'bitmap', bitmap: { data: await maskPng(true), origin: [60, 70] } },
    { classTitle: 'cat', geometryType: 'polygon', instance: 'x', points: { exterior: square(0, 5), interior: [] } },
    { classTitle: 'cat', geometryType: 'polygon', instance: 'x', points: { exterior: square(80, 90), interior: [] } },
    { classTitle: 'cat', geometryType: 'point', points: { exterior: [[1, 1]], interior: [] } },
    { classTitle: 'cat', geometryType: 'bitmap', bitmap: { data: 'eA==', origin: [0, 0] } },
  ]; // prettier-ignore
  const classes = ['dog', 'cat', 'unused'].map((title) => ({ title, shape: 'any' }));
  const folder = await folderOf(
    {
      'meta.json': JSON.stringify({ classes, tags: [] }),
      'train/ann/a.png.json': JSON.stringify({ description: '', size: { height: 200, width: 100 }, objects }),
      'val/ann/b.png.json': JSON.stringify({ size: { height: 200, width: 100 }, objects: [] }),
    },
    ['train/img/a.png', 'val/img/b.png'],
  );
  const { boxes, classes: names, valid, problems, train } = await opened(folder);
  expect(boxes.a).toEqual([
    ['cat', 10, 20, 40, 60],
    ['dog', 10, 10, 50, 50, 'outline'],
    ['dog', 60, 70, 64, 73, 'outline'],
    ['cat', 0, 0, 90, 90, 'outline'],
  ]);
  expect(train.records[0].areas[1]).toBe(1500); // 40 x 40 less 10 x 10
  expect([names, valid?.boxes, problems]).toEqual([
    ['dog', 'cat', 'unused'],
    { b: [] },
    ['bad-annotation a.png.json#7'],
  ]);
});

it('KITTI: DontCare is ignored for every class', async () => {
  const rest = '0 0 0 0 0 0 0';
  const labels = `Car 0.00 0 -1.5 10 20 40 60 ${rest}\nPedestrian 0 0 0 1 2 11 22 ${rest}\nDontCare -1 -1 -10 50 60 70 80 ${rest}\nCar 1 2\n`;
  const folder = await folderOf({ 'training/label_2/a.txt': labels }, ['training/image_2/a.png']);
  const { boxes, problems } = await opened(folder);
  expect(boxes.a).toEqual([
    ['Car', 10, 20, 40, 60],
    ['Pedestrian', 1, 2, 11, 22],
    ['Car', 50, 60, 70, 80, 'ignored'],
    ['Pedestrian', 50, 60, 70, 80, 'ignored'],
  ]);
  expect(problems).toEqual(['bad-annotation a.txt#4']);
});

it('KITTI: the first images of a folder may be without objects', async () => {
  const car = 'Car 0.00 0 -1.5 10 20 40 60 0 0 0 0 0 0 0\n';
  const stems = ['a', 'b', 'c', 'd', 'e'];
  const labels = (split: string, full: string) =>
    Object.fromEntries(stems.map((stem) => [`${split}/label_2/${stem}.txt`, stem === full ? car : '']));
  const images = ['training', 'validation'].flatMap((split) => stems.map((stem) => `${split}/image_2/${stem}.png`));
  const { boxes, valid } = await opened(
    await folderOf({ ...labels('training', 'd'), ...labels('validation', 'e') }, images),
  );
  expect(boxes).toEqual({ a: [], b: [], c: [], d: [['Car', 10, 20, 40, 60]], e: [] });
  expect(valid?.boxes.e).toEqual([['Car', 10, 20, 40, 60]]);
});

it('classes that are numbers are in the order of numbers', async () => {
  const rows = ['10', '2', 'cat', '0', '1'].map((name) => `a.png,${name},10,20,40,60`);
  const csv = ['filename,class,xmin,ymin,xmax,ymax', ...rows].join('\n');
  expect((await opened(await folderOf({ 'a.csv': csv }))).classes).toEqual(['0', '1', '2', '10', 'cat']);
  const objects = ['10', '9'].map(
    (name) =>
      `<object><name>${name}</name><bndbox><xmin>2</xmin><ymin>2</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></object>`,
  );
  const xml = `<annotation><filename>a.png</filename><size><width>100</width><height>200</height></size>${objects.join('')}</annotation>`;
  expect((await opened(await folderOf({ 'a.xml': xml }, ['a.png']), 'voc')).classes).toEqual(['9', '10']);
});

it('Open Images: groups are crowds, machine ids have names', async () => {
  const csv =
    'ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsGroupOf\na,x,/m/01,1,0.1,0.4,0.1,0.3,0\na,x,/m/01,1,0.5,0.9,0.5,0.9,1\na,x,/m/02,1,0.5,x,0,1,0\n';
  const folder = await folderOf({
    'train-annotations-bbox.csv': csv,
    'class-descriptions-boxable.csv': '/m/01,Cat\n/m/02,"Dog, wild"\n',
  });
  const { boxes, problems, notices } = await opened(folder);
  expect(boxes.a).toEqual([
    ['Cat', 10, 20, 40, 60],
    ['Cat', 50, 100, 90, 180, 'crowd'],
  ]);
  expect(problems).toEqual(['bad-annotation train-annotations-bbox.csv#4']);
  expect(notices).not.toMatch(/could also be/);
});

it.each([
  ['filename,width,height,class,xmin,ymin,xmax,ymax\na.png,100,200,cat,10,20,40,60\nb.png,100,200,,,,,', 2],
  ['image_id;x;y;width;height;label\na;10;20;30;40;cat', 1],
  ['image_id,width,height,bbox,source\na,100,200,"[10.0, 20.0, 30.0, 40.0]",x', 1],
  ['./a.png,10,20,40,60,cat\nb.png,,,,,', 2],
  ['image_path,label,x_min,y_min,x_max,y_max\n/other/place/a.png,cat,0.1,0.1,0.4,0.3', 1],
])('CSV: %s', async (csv, images) => {
  const { boxes, train, problems } = await opened(await folderOf({ 'labels.csv': csv }));
  expect(boxes.a).toEqual([[csv.includes('cat') ? 'cat' : 'object', 10, 20, 40, 60]]);
  expect([train.records.length, problems]).toEqual([images, []]);
});

it('CSV: says which columns it expects, and which lines it cannot use', async () => {
  const folder = await folderOf({
    'a.csv':
      'filename,class,xmin,ymin,xmax,ymax\na.png,cat,10,20,x,60\n,cat,1,2,3,4\na.png,,1,2,3,4\na.png,cat,10,20,40,60\n',
    'b.csv': 'file,size\na.png,3',
  });
  const { boxes, problems } = await opened(folder, 'csv');
  expect([boxes.a, problems]).toEqual([
    [['cat', 10, 20, 40, 60]],
    ['bad-annotation a.csv#2', 'bad-annotation a.csv#3', 'unknown-category a.csv#4'],
  ]);
  await expect(opened(path.join(folder, 'b.csv'), 'csv')).rejects.toThrow(
    /expected a column of images .* received "file", "size"/,
  );
});

it('metadata.jsonl: lists of boxes in columns, names of README.md', async () => {
  const line = (name: string, objects: object) => JSON.stringify({ file_name: name, objects });
  const metadata = `${line('a.png', {
    bbox: [
      [10, 20, 30, 40],
      [1, 2, 3],
    ],
    categories: [1, 0],
  })}\n{"file_name": \n${line('b.png', { bbox: [], categories: [] })}\n`;
  const readme =
    '---\ndataset_info:\n  features:\n  - name: category\n    dtype:\n      class_label:\n        names:\n          "0": dog\n          "1": cat\n---\n# Pets\n';
  const folder = await folderOf({ 'train/metadata.jsonl': metadata, 'README.md': readme }, [
    'train/a.png',
    'train/b.png',
  ]);
  const { boxes, classes, problems } = await opened(folder);
  expect([boxes, classes]).toEqual([{ a: [['cat', 10, 20, 40, 60]], b: [] }, ['dog', 'cat']]);
  expect(problems).toEqual(['bad-annotation metadata.jsonl#2', 'bad-annotation metadata.jsonl#2']);
});

it('metadata.jsonl: a box without category where others have one is a problem, where none has one an object', async () => {
  const line = (name: string, objects: object) => `${JSON.stringify({ file_name: name, objects })}\n`;
  const bbox = [10, 20, 30, 40];
  const some = line('a.png', [{ bbox, category: 'cat' }, { bbox }]) + line('b.png', { bbox: [bbox], category: [null] });
  const { boxes, classes, problems, messages } = await opened(await folderOf({ 'metadata.jsonl': some }));
  expect([boxes, classes]).toEqual([{ a: [['cat', 10, 20, 40, 60]], b: [] }, ['cat']]);
  expect(problems).toEqual(['unknown-category metadata.jsonl#1', 'unknown-category metadata.jsonl#2']);
  expect(messages).toMatch(/Object 2 of line 1 of ".*metadata.jsonl" has no category, which others have; skipped/);
  expect(messages).toMatch(/Object 1 of Line 2 of ".*" has the category null; skipped/);
  const none = await opened(await folderOf({ 'metadata.jsonl': line('a.png', { bbox: [bbox] }) }));
  expect([none.boxes.a, none.problems]).toEqual([[['object', 10, 20, 40, 60]], []]);
});

it('a folder of images without ground truth, and a folder of nothing', async () => {
  const { train, notices, problems } = await opened(await folderOf({}, ['x/a.png', 'b.png']));
  expect([train.records.length, problems.length]).toEqual([2, 1]);
  expect(notices).toMatch(
    /opened as a folder of images without ground truth: it has 2 images and no annotations that are known/,
  );
  await expect(opened(newFolder())).rejects.toThrow(/it is in no format that is read \(coco, .*\), and has no images/);
  await expect(opened(path.join(newFolder(), 'absent'))).rejects.toThrow(/there is no such file or folder/);
});

it('says when it could be another format too', async () => {
  const folder = await folderOf({
    'labels/a.txt': '0 0.5 0.5 0.2 0.1',
    'classes.txt': 'cat',
    'a.xml': '<annotation><object/></annotation>',
  });
  expect((await opened(folder, 'yolo')).boxes.a).toHaveLength(1);
  await expect(opened(folder)).rejects.toThrow(/no annotation has a named object/);
});

it('COCO: names of images behind 64 KiB of annotations find their folder, and the file is read once', async () => {
  const annotations = Array.from({ length: 1500 }, (_, i) => ({
    id: i + 1,
    image_id: 1 + (i % 2),
    category_id: 1,
    bbox: [1 + (i % 50), 2 + Math.floor(i / 50), 10, 10],
  }));
  const images = ['a.png', 'b.png'].map((file_name, i) => ({ id: i + 1, file_name, width: 100, height: 200 }));
  const text = JSON.stringify({ annotations, categories: [{ id: 1, name: 'cat' }], images });
  expect(text.indexOf('file_name')).toBeGreaterThan(65_536);
  const folder = await folderOf({ 'notes/labels.json': text });
  const read = vi.spyOn(content, 'readContent');
  const { boxes, notices, problems } = await opened(folder);
  expect(read).toHaveBeenCalledTimes(1);
  read.mockRestore();
  expect(boxes.a).toHaveLength(750);
  expect(problems).toEqual([]);
  expect(notices).toMatch(/opened as COCO/);
});
