// The image of each annotation: by its name in any format, by <filename>, guessed, shared, missing.

import path from 'node:path';
import { expect, it } from 'vitest';
import type { VocAnnotation } from '../../../../src/data/datasets/voc/annotation';
import { VocFolder } from '../../../../src/data/datasets/voc/folder';
import { matchImages } from '../../../../src/data/datasets/voc/match-images';
import { VocReport } from '../../../../src/data/datasets/voc/report';
import { kindsOf, writeFiles } from '../cases';

/** @param named <filename> of each annotation by id */
async function match(named: Record<string, string>, ...images: string[]) {
  const xml = Object.entries(named).map(([id, name]) => [
    `Annotations/${id}.xml`,
    `<annotation><filename>${name}</filename></annotation>`,
  ]);
  const root = writeFiles({
    ...Object.fromEntries(xml),
    ...Object.fromEntries(images.map((name) => [`JPEGImages/${name}`, ''])),
  });
  const folder = new VocFolder(root);
  const ids = Object.keys(named);
  const annotations = new Map((await folder.read(ids)).map((read, i) => [ids[i], read as VocAnnotation]));
  const report = new VocReport(root);
  const matched = matchImages(annotations, folder, report);
  const found = matched.map(({ id, path: file }) => [id, path.relative(path.join(root, 'JPEGImages'), file)]);
  return { found: Object.fromEntries(found), problems: kindsOf(report.problems), notices: report.notices.join() };
}

it('has the name of the annotation, in any format that is read', async () => {
  const names = ['a.JPG', 'b.jpeg', 'c.png', 'd.bmp', 'e.webp', 'f.tif', 'g.PPM', 'h.pgm', 'i.gif', 'j.tiff'];
  const annotated = Object.fromEntries(names.map((name) => [name[0], 'x.jpg']));
  const { found, problems, notices } = await match(annotated, ...names);
  expect(Object.values(found)).toEqual(names);
  expect([problems, notices]).toEqual([[], '']);
});

it('has the extension of <filename> where there are several, which is said', async () => {
  const { found, notices } = await match({ a: 'a.png', b: '' }, 'a.jpg', 'a.png', 'b.jpg', 'b.png');
  expect(found).toEqual({ a: 'a.png', b: 'b.jpg' });
  expect(notices).toMatch(
    /2 images are there in several formats: "JPEGImages\/a.png" is used, "JPEGImages\/a.jpg" is not/,
  );
});

it('is what <filename> says where none has the name of the annotation', async () => {
  const { found, notices } = await match({ '0001': 'cell 3.jpg', 'day1/0002': 'b.png' }, 'cell 3.jpg', 'day1/b.png');
  expect(found).toEqual({ '0001': 'cell 3.jpg', 'day1/0002': 'day1/b.png' });
  expect(notices).toBe('');
});

it('is guessed from other folders, formats, machines and case, which is said', async () => {
  const guesses: [string, string, string][] = [
    ['a', 'a.jpg', 'day1/a.jpg'],
    ['0001', 'cell.jpg', 'cell.png'],
    ['0001', 'C:\\data\\cell.jpg', 'cell.jpg'],
    ['0001', 'my%20cell.jpg', 'my cell.jpg'],
    ['Cell', 'x.jpg', 'cell.JPG'],
    ['0001', 'cell.v2', 'cell.v2.png'],
  ];
  for (const [id, name, image] of guesses) {
    const { found, notices } = await match({ [id]: name }, image);
    expect(found).toEqual({ [id]: image });
    expect(notices).toContain(`1 image is found under another name, such as that of "${id}" as "JPEGImages/${image}"`);
  }
});

it('belongs to one annotation', async () => {
  const { found, problems } = await match({ '0001': 'a.jpg', a: 'a.jpg', b: 'b.jpg' }, 'a.jpg', 'b.jpg');
  expect(found).toEqual({ a: 'a.jpg', b: 'b.jpg' });
  expect(problems).toEqual(['duplicate 0001']);
  // two days with one name, and a single image
  expect(await match({ 'day1/a': '', 'day2/a': '' }, 'a.jpg')).toMatchObject({
    found: { 'day1/a': 'a.jpg' },
    problems: ['duplicate day2/a'],
  });
});

it('is reported when it is missing or outside, and refused when all are', async () => {
  expect((await match({ a: '', b: '../../etc/passwd', c: '' }, 'a.jpg')).problems).toEqual([
    'missing-image b',
    'missing-image c',
  ]);
  await expect(match({ a: '', b: '' }, 'c.jpg')).rejects.toThrow(
    /none of the images of its 2 annotations, such as ".*JPEGImages\/a.jpg"/,
  );
});
