// The layouts of tools: where annotations and images are.

import path from 'node:path';
import { expect, it } from 'vitest';
import { VocFolder } from '../../../../src/data/datasets/voc/folder';
import { writeFiles } from '../cases';

const layout = (...names: string[]) => {
  const root = writeFiles(
    Object.fromEntries(names.map((name) => [name, name.endsWith('.xml') ? '<annotation/>' : ''])),
  );
  const folder = new VocFolder(root);
  const imageOf = (id: string) => folder.images.find(id, { imageNames: [] })?.path;
  return {
    ids: [...folder.files.keys()],
    images: [...folder.files.keys()].map((id) => path.relative(root, imageOf(id) ?? root)),
  };
};

it("is VOC's, FiftyOne's, Label Studio's, LabelImg's or Roboflow's", () => {
  expect(layout('Annotations/a.xml', 'JPEGImages/a.jpg')).toEqual({ ids: ['a'], images: ['JPEGImages/a.jpg'] });
  expect(layout('labels/a.xml', 'data/a.jpg')).toEqual({ ids: ['a'], images: ['data/a.jpg'] });
  expect(layout('annotations/a.xml', 'images/a.jpg')).toEqual({ ids: ['a'], images: ['images/a.jpg'] });
  expect(layout('a.xml', 'a.jpg', 'old/b.xml')).toEqual({ ids: ['a'], images: ['a.jpg'] });
  expect(layout('train/a.xml', 'train/a.jpg', 'valid/b.xml', 'valid/b.jpg')).toEqual({
    ids: ['train/a', 'valid/b'],
    images: ['train/a.jpg', 'valid/b.jpg'],
  });
});

it('may have sub-folders, of annotations and of images', () => {
  expect(layout('Annotations/day1/a.XML', 'JPEGImages/day1/a.png')).toEqual({
    ids: ['day1/a'],
    images: ['JPEGImages/day1/a.png'],
  });
  expect(layout('Annotations/train/a.xml', 'train/a.jpg')).toEqual({ ids: ['train/a'], images: ['train/a.jpg'] });
  // labelImg leaves XML beside the images of any folder
  expect(layout('a.xml', 'a.jpg', 'day1/b.xml', 'day1/b.jpg')).toEqual({
    ids: ['a', 'day1/b'],
    images: ['a.jpg', 'day1/b.jpg'],
  });
});

it('may have images in a folder of any name, but not of masks', () => {
  expect(layout('Annotations/a.xml', 'photos/a.jpg').images).toEqual(['photos/a.jpg']);
  expect(layout('Annotations/a.xml', 'SegmentationClass/a.png').images).toEqual(['']);
  expect(layout('Annotations/a.xml', 'JPEGImages/a.jpg', 'masks/a.png').images).toEqual(['JPEGImages/a.jpg']);
});

it('ignores what macOS writes beside files', () => {
  expect(layout('Annotations/._a.xml', 'Annotations/a.xml', 'JPEGImages/a.jpg').ids).toEqual(['a']);
});

it('is refused without annotations, with the folder that has them', () => {
  const root = writeFiles({ 'VOC2007/Annotations/a.xml': '' });
  expect(() => new VocFolder(root)).toThrow(`found no Annotations. "${path.join(root, 'VOC2007')}" has them`);
  expect(() => new VocFolder(path.join(root, 'VOC207'))).toThrow(/no such folder. Did you mean "VOC2007"/);
  expect(() => new VocFolder(writeFiles({ 'annotations/train.json': '' }))).toThrow(/has "train.json".*dataset.coco/);
  expect(() => new VocFolder(writeFiles({ 'labels/a.txt': '' }))).toThrow(/text files, as YOLO's/);
});

it('parses each annotation once, and keeps the problems of those that it cannot read', async () => {
  const folder = new VocFolder(writeFiles({ 'Annotations/a.xml': '<annotation/>', 'Annotations/b.xml': '' }));
  const [a, b, c] = await folder.read(['a', 'b', 'c']);
  expect(a).toMatchObject({ objects: [] });
  expect(b).toMatchObject({ kind: 'empty-annotation', id: 'b' });
  expect(c).toMatchObject({ kind: 'bad-annotation', message: expect.stringContaining('there is no such file') });
  expect((await folder.read(['a']))[0]).toBe(a);
});
