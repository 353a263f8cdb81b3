// What an annotation file says, in its encodings and in the forms that tools write.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readVocAnnotation } from '../../../../src/data/datasets/voc/annotation';
import { caseFile, vocXml } from '../cases';

const read = (xml: string | Uint8Array) => readVocAnnotation(Buffer.from(xml), '/voc/a.xml', 'a');
const problem = (xml: string | Uint8Array) => {
  try {
    read(xml);
  } catch (error) {
    return (error as { problem: { kind: string; message: string } }).problem;
  }
  return undefined;
};

it('reads objects, size and the names of the image', () => {
  const found = read(
    vocXml([['RBC', [1, 2, 30.5, 40], '<pose>Left</pose><difficult>1</difficult>']], {
      head: '<filename>a.jpg</filename><path>C:\\data\\a.jpg</path><source><database>The VOC2007 Database</database></source>',
    }),
  );
  expect(found).toMatchObject({
    size: { width: 640, height: 480 },
    imageNames: ['a.jpg', 'C:\\data\\a.jpg'],
    database: 'The VOC2007 Database',
  });
  expect(found.objects).toEqual([
    { name: 'RBC', difficult: true, notes: [], corners: [1, 2, 30.5, 40], counts: 'pixels' },
  ]);
});

it('takes no objects from parts of objects', () => {
  const part =
    '<part><name>head</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></part>';
  const { objects } = read(vocXml([['person', [5, 6, 70, 80], part]]));
  expect(objects.map(({ name, corners }) => [name, corners])).toEqual([['person', [5, 6, 70, 80]]]);
});

it('reads <difficult> as numbers and words, and says what it cannot read', () => {
  const flags = ['1', ' 1 ', 'true', 'Yes', '0', '0.0', '', 'False', 'Unspecified', 'maybe'];
  const { objects } = read(vocXml(flags.map((flag) => ['x', [1, 1, 5, 5], `<difficult>${flag}</difficult>`])));
  expect(objects.map(({ difficult }) => difficult)).toEqual([true, true, true, true, ...new Array(6).fill(false)]);
  expect(objects.flatMap(({ notes }) => notes)).toEqual(['has <difficult> "maybe", read as 0']);
  expect(read(vocXml([['x', [1, 1, 5, 5]]])).objects[0].difficult).toBe(false);
});

it('cleans names: blanks around them, entities, CDATA, composed characters', () => {
  const { objects } = read(
    vocXml(['\n RBC ', 'R&amp;B', '<![CDATA[a<b]]>', 'e\u0301', '7'].map((name) => [name, [1, 1, 5, 5]])),
  );
  expect(objects.map(({ name }) => name)).toEqual(['RBC', 'R&B', 'a<b', '\u00e9', '7']);
});

it('says what an object lacks, or has twice', () => {
  const { objects } = read(
    vocXml([
      '<object><name>cat</name></object>',
      '<object><bndbox/></object>',
      '<object/>',
      '<object><name>a</name><name>b</name><bndbox><xmin>1</xmin></bndbox></object>',
    ]),
  );
  expect(objects.map((object) => object.problem)).toEqual([
    { kind: 'empty-annotation', what: '(cat) has no <bndbox>; skipped' },
    { kind: 'unknown-category', what: 'has no <name>; skipped' },
    { kind: 'unknown-category', what: 'has no <name>; skipped' },
    { kind: 'bad-annotation', what: '(a) has a <bndbox> without four numbers; skipped' },
  ]);
  expect(objects[3].notes).toEqual(['has 2 names; the first, "a", is used']);
});

it("reads LabelMe's XML: polygons, <imagesize>, deleted objects", () => {
  const bytes = readFileSync(caseFile('exports/datumaro_labelme/Annotations/train/cell 3.xml'));
  const { size, objects, deleted } = read(bytes.toString().replace('<deleted>0', '<deleted>1'));
  expect([size, deleted]).toEqual([{ width: 500, height: 375 }, 1]);
  expect(objects).toEqual([
    {
      name: 'Platelets',
      difficult: false,
      notes: [],
      corners: [0, 0, 500, 375],
      counts: 'positions',
      polygon: true,
    },
  ]);
  expect(read(bytes).objects[0].corners).toEqual([261.7, 189.02, 378.3, 290.98]);
});

it("joins the parts of LabelMe's objects that have its name, as Datumaro writes several polygons of one", () => {
  const object = (id: number, name: string, whole: string, corners: number[]) => {
    const points = [0, 1, 2].map((i) => `<pt><x>${corners[2 * i]}</x><y>${corners[2 * i + 1]}</y></pt>`).join('');
    const parts = `<parts><hasparts>${whole === '' ? 1 : ''}</hasparts><ispartof>${whole}</ispartof></parts>`;
    return `<object><name>${name}</name><deleted>0</deleted><id>${id}</id>${parts}<polygon>${points}</polygon></object>`;
  };
  const left = object(0, 'person', '', [5, 5, 15, 5, 15, 20]);
  const right = object(1, 'person', '0', [20, 20, 35, 22, 30, 36]);
  const hat = object(2, 'hat', '0', [6, 1, 9, 1, 9, 4]);
  const { objects } = read(`<annotation>${left}${right}${hat}</annotation>`);
  expect(objects.map(({ name, corners }) => [name, corners])).toEqual([
    ['person', [5, 5, 35, 36]],
    ['hat', [6, 1, 9, 4]],
  ]);
});

it("reads numeric references, as Python's ElementTree writes names that are not ASCII", () => {
  const xml = vocXml([['&#29483; &amp;#252;', [1, 1, 5, 5]]]);
  expect(read(xml.replace('<object>', '<filename>&#252;n&#xEF;.png</filename><object>'))).toMatchObject({
    imageNames: ['ünï.png'],
    objects: [{ name: '猫 &#252;' }],
  });
});

it('has no size where the file gives none, or 0', () => {
  expect(read(vocXml([], { size: false })).size).toBeUndefined();
  expect(read(vocXml([], { size: [0, 0] })).size).toBeUndefined();
  expect(read('<annotation/>').objects).toEqual([]);
});

describe('encodings', () => {
  const xml = (declaration: string) => `${declaration}${vocXml([['é', [1, 1, 5, 5]]])}`;
  const nameOf = (bytes: Uint8Array) => read(bytes).objects[0].name;

  it('is the declared one', () => {
    expect(nameOf(Buffer.from(xml('<?xml version="1.0" encoding="ISO-8859-1"?>'), 'latin1'))).toBe('é');
    expect(nameOf(readFileSync(caseFile('voc/bug_latin1/Annotations/a.xml')))).toBe('é');
    expect(nameOf(readFileSync(caseFile('voc/bug_latin1/Annotations/b.xml')))).toBe('è');
  });

  it('is that of a byte order mark', () => {
    const wide = Buffer.from(`\ufeff${xml('<?xml version="1.0" encoding="utf-16"?>')}`, 'utf16le');
    expect(nameOf(wide)).toBe('é');
    expect(nameOf(wide.swap16())).toBe('é');
    expect(nameOf(Buffer.from(`\ufeff${xml('')}`))).toBe('é');
  });

  it('is guessed where bytes are not UTF-8, and said', () => {
    const { objects, guessedEncoding } = read(Buffer.from(xml(''), 'latin1'));
    expect([objects[0].name, guessedEncoding]).toEqual(['é', 'windows-1252']);
  });

  it('must be known', () => {
    expect(problem(xml('<?xml version="1.0" encoding="klingon"?>'))?.message).toMatch(
      /encoding "klingon".*Save it as UTF-8/,
    );
  });
});

it('names the reason for which a file cannot be used', () => {
  expect(problem(' \n')).toMatchObject({ kind: 'empty-annotation', message: expect.stringContaining('is empty') });
  expect(problem('<annotation><object></annotation>')?.message).toMatch(/line 1: /);
  expect(problem('<annotations><image/></annotations>')?.message).toMatch(/received <annotations>. CVAT's XML/);
  expect(problem('no xml')).toMatchObject({ kind: 'bad-annotation' });
});
