// Categories of one name, of one id, without name, and Roboflow's placeholder.

import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadCoco } from '../../../../src/data/datasets/coco';
import { annotation, CASE_IMAGES, caseFile, greyImages, kindsOf, newFolder, writeCoco } from '../cases';

let folder: string;
beforeAll(async () => {
  folder = newFolder();
  await greyImages(folder, CASE_IMAGES);
});
afterAll(() => rmSync(folder, { recursive: true }));

const load = (categories: object[], annotations = [annotation()]) =>
  loadCoco(writeCoco(folder, { categories, annotations }), folder);

it('makes categories of one name one class, reported', async () => {
  const { classes, records, problems } = await loadCoco(caseFile('coco/dupcat.json'), folder);
  expect(classes).toEqual(['RBC']);
  expect(records.flatMap(({ truths }) => [...truths.labels])).toEqual([0, 0]);
  expect(kindsOf(problems)).toEqual(['duplicate 2']);
});

it('refuses two categories of one id, naming both', async () => {
  await expect(loadCoco(caseFile('coco/dupcat_id.json'), folder)).rejects.toThrow(/"RBC" and "WBC" have one id, 1/);
});

it('accepts a category that is listed twice, reported', async () => {
  const { classes, problems } = await load([
    { id: 1, name: 'cell' },
    { id: 1, name: 'cell' },
  ]);
  expect(classes).toEqual(['cell']);
  expect(kindsOf(problems)).toEqual(['duplicate 1']);
});

it('reads names that are numbers, and names a category without name by its id', async () => {
  const numbers = await loadCoco(caseFile('coco/cat_int_name.json'), folder);
  expect(numbers.classes).toEqual(['1', '2']);
  const unnamed = await load([{ id: 1, name: null }, { name: 'no id' }, { id: 3, name: 'dot' }]);
  expect(unnamed.classes).toEqual(['1', 'dot']);
  expect(kindsOf(unnamed.problems)).toEqual(['bad-annotation 1', 'bad-annotation no id']);
  expect([...unnamed.records[0].truths.labels]).toEqual([0]);
});

it("leaves Roboflow's first category out when it has no objects, and says so", async () => {
  const { classes, records, notices } = await loadCoco(caseFile('coco/roboflow.json'), folder);
  expect(classes).toEqual(['RBC', 'WBC']);
  expect(records.map(({ truths }) => [...truths.labels])).toEqual([[0], [1]]);
  expect(notices).toEqual([expect.stringMatching(/"cells" has no objects.*Roboflow/)]);
  const kept = await loadCoco(caseFile('coco/roboflow.json'), folder, { classes: ['cells', 'RBC', 'WBC'] });
  expect(kept.classes).toEqual(['cells', 'RBC', 'WBC']);
  const used = await load([
    { id: 1, name: 'cells', supercategory: 'none' },
    { id: 2, name: 'RBC', supercategory: 'cells' },
  ]);
  expect(used.classes).toEqual(['cells', 'RBC']);
});

it('says that names differ in case or blanks only', async () => {
  const { classes, notices } = await load([
    { id: 1, name: 'RBC' },
    { id: 2, name: 'rbc ' },
  ]);
  expect(classes).toEqual(['RBC', 'rbc ']);
  expect(notices).toEqual([expect.stringContaining('"RBC" and "rbc " differ in case or blanks only')]);
});

it('refuses files without categories, and panoptic ones', async () => {
  await expect(load([])).rejects.toThrow(/lists no categories/);
  await expect(
    load([{ id: 1, name: 'cell' }], [{ image_id: 1, segments_info: [], file_name: 'a.png' }]),
  ).rejects.toThrow(/panoptic/);
});

it('counts objects of other classes; a class that validation lacks is noted, one that only it has reported', async () => {
  const selected = await loadCoco(caseFile('exports/sahi.json'), folder, { classes: ['RBC'] });
  expect([selected.otherClasses, selected.problems.filter(({ kind }) => kind === 'unknown-category')]).toEqual([4, []]);
  const val = await loadCoco(caseFile('coco/only1.json'), folder, { classes: ['WBC', 'RBC'], absentClasses: 'note' });
  expect(val.classes).toEqual(['WBC', 'RBC']);
  expect([...val.records[0].truths.labels]).toEqual([1]);
  expect(val.notices).toEqual([expect.stringMatching(/only1\.json: has no category "WBC": 0 truths/)]);
  const more = await loadCoco(caseFile('exports/sahi.json'), folder, { classes: ['RBC'], absentClasses: 'note' });
  expect(kindsOf(more.problems)).toEqual(
    expect.arrayContaining(['unknown-category WBC', 'unknown-category Platelets']),
  );
  await expect(loadCoco(caseFile('coco/only1.json'), folder, { classes: ['WBC', 'RBC'] })).rejects.toThrow(
    /no such class.*absentClasses: 'note'/,
  );
});
