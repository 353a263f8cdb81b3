// Lists of ids: blanks, second columns, extensions, quotes, folders; splits without lists.

import { expect, it } from 'vitest';
import { VocFolder } from '../../../../src/data/datasets/voc/folder';
import { VocReport } from '../../../../src/data/datasets/voc/report';
import { readSplit, validationSplit } from '../../../../src/data/datasets/voc/splits';
import { writeFiles } from '../cases';

const xml = '<annotation/>';
const annotations = (...ids: string[]) => Object.fromEntries(ids.map((id) => [`Annotations/${id}.xml`, xml]));

async function split(files: Record<string, string | Uint8Array>, name?: string) {
  const folder = new VocFolder(writeFiles(files));
  const report = new VocReport('voc');
  return { ids: await readSplit(folder, name, report), notices: report.notices, validation: validationSplit(folder) };
}
const listed = async (lines: string | Uint8Array, ...ids: string[]) =>
  split({ ...annotations(...ids), 'ImageSets/Main/train.txt': lines });

it('takes the whole line as id where there is such an annotation', async () => {
  expect(await listed('cell 3\ncell 4\n', 'cell', 'cell 3', 'cell 4')).toMatchObject({ ids: ['cell 3', 'cell 4'] });
  expect(await listed('cell 1\ncell -1\ncell  0', 'cell', 'cell 1')).toMatchObject({ ids: ['cell 1', 'cell'] });
  expect(await listed('a 1\nb -1\nc  0\n', 'a', 'b', 'c')).toMatchObject({ ids: ['a', 'b', 'c'], notices: [] });
});

it('drops extensions, quotes and line ends of all kinds', async () => {
  const lines = '\ufeffa.jpg\r\nb.xml\r"c 3"\n  d.v2 \n\n./day1/e.PNG';
  expect(await listed(lines, 'a', 'b', 'c 3', 'd.v2', 'day1/e')).toMatchObject({
    ids: ['a', 'b', 'c 3', 'd.v2', 'day1/e'],
    notices: [],
  });
});

it('finds annotations in other folders and in other case, and says so', async () => {
  const { ids, notices } = await listed('/old/data/JPEGImages/a.jpg\nb\nC\n', 'a', 'day1/b', 'c');
  expect(ids).toEqual(['a', 'day1/b', 'c']);
  expect(notices).toEqual([
    'voc: train.txt: 3 annotations are found under another name, such as "/old/data/JPEGImages/a.jpg" as "a.xml"',
  ]);
});

it('keeps the name of what is not there, for the message', async () => {
  const { ids } = await listed('gone.jpg\nlost  1\nmy image 1\na', 'a', 'x/b', 'y/b');
  expect(ids).toEqual(['gone', 'lost', 'my image 1', 'a']);
});

it('uses an image once that is listed twice, and says so', async () => {
  const { ids, notices } = await listed('a\nb\na 1\n', 'a', 'b');
  expect([ids, notices]).toEqual([['a', 'b'], ['voc: train.txt lists 1 of its images again; each is used once']]);
});

it('reads lists that are not in UTF-8', async () => {
  const { ids, notices } = await listed(Buffer.from('é1\n', 'latin1'), 'é1');
  expect(ids).toEqual(['é1']);
  expect(notices).toEqual(['voc: train.txt is not in UTF-8; read as windows-1252']);
});

it('names the splits there are', async () => {
  const files = { ...annotations('a'), 'ImageSets/Main/train.txt': 'a', 'ImageSets/Main/val.txt': 'a' };
  await expect(split(files, 'trian')).rejects.toThrow(/mean "train".*Known: train, val/);
  expect((await split(files)).validation).toBe('val');
  await expect(listed('\n \n', 'a')).rejects.toThrow(/is empty/);
});

it('takes the only list, and not one of a class', async () => {
  const { ids, notices } = await split({
    ...annotations('a', 'b'),
    'ImageSets/Main/default.txt': 'a',
    'ImageSets/Main/cat_train.txt': 'a 1\nb -1',
  });
  expect(ids).toEqual(['a']);
  expect(notices).toEqual(['voc: "default" is its only list: it is used for training']);
});

it('takes every annotation where there are no lists, but no split by name', async () => {
  expect((await split(annotations('a', 'day1/b'))).ids).toEqual(['a', 'day1/b']);
  await expect(split(annotations('a'), 'test')).rejects.toThrow('no ImageSets/Main/test.txt');
});

it('knows the usual names in any case', async () => {
  const lists = {
    'ImageSets/Main/Train.txt': 'a',
    'ImageSets/Main/validation.txt': 'b',
    'ImageSets/Main/Val.txt': 'b',
  };
  expect(await split({ ...annotations('a', 'b'), ...lists })).toMatchObject({ ids: ['a'], validation: 'Val' });
});

it('takes folders that are called as splits', async () => {
  const files = annotations('train/a', 'train/b', 'valid/c');
  const notices = ['voc: its splits are the folders train, valid'];
  expect(await split(files)).toEqual({ ids: ['train/a', 'train/b'], validation: 'valid', notices });
  expect((await split({ ...files, ...annotations('day1/d', 'e') })).notices[0]).toMatch(
    /; 2 annotations outside of them are not used, such as "day1\/d.xml"/,
  );
  expect((await split(files, 'valid')).ids).toEqual(['valid/c']);
});
