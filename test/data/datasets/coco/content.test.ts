// A COCO file read entry by entry gives what it gives when it is parsed whole.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadCoco } from '../../../../src/data/datasets/coco';
import { readContent } from '../../../../src/data/datasets/coco/content';
import { Random } from '../../../../src/random';
import { annotation, CASE_IMAGES, greyImages, newFolder, writeCoco } from '../cases';

let folder: string;
beforeAll(async () => {
  folder = newFolder();
  await greyImages(folder, CASE_IMAGES);
});
afterAll(() => rmSync(folder, { recursive: true }));

const square = (x: number, y: number, side: number) => [[x, y, x + side, y, x + side, y + side, x, y + side]];
const ODDITIES: Record<string, unknown>[] = [
  { id: '7' },
  { id: 3 },
  { id: undefined },
  { image_id: '1' },
  { image_id: 99 },
  { category_id: 77 },
  { category_id: null },
  { bbox: [1, 2, '30', 40] },
  { bbox: [-5.25, 2, 30.125, 40] },
  { bbox: [600, 400, 100, 100] },
  { bbox: [10, 10, 0.5, 20], segmentation: square(10, 10, 20) },
  { bbox: [10.5, 10.25, 1e2, 2.5e1] },
  { bbox: [0.12345678901234568, 1e-7, 17.000000000000004, 20] },
  { area: null },
  { area: '12.5' },
  { area: undefined, segmentation: square(5, 5, 30) },
  { area: undefined },
  { iscrowd: 1 },
  { iscrowd: '1' },
  { iscrowd: true },
  { ignore: 1 },
  { is_group_of: 1 },
  { segmentation: [] },
  { segmentation: [[1, 2, 3, 4]] },
  { segmentation: [[1, 2, 3, 4, 5, 6, 7]] },
  { segmentation: [...square(1, 1, 20), [1, 2]] },
  { segmentation: [...square(1, 1, 20), ...square(50, 50, 8)] },
  { segmentation: { size: [480, 640], counts: [100, 200, 306900] } },
  { segmentation: { size: [4, 6], counts: [4, 20] } },
  { segmentation: 'x' },
  { attributes: { occluded: false } },
  { attributes: { occluded: false, rotation: 30 } },
  { score: 0.5, nested: { a: ['"]}', { b: null }] }, text: 'a "quoted\\ \u00b5' },
];

function hostile(random: Random): object[] {
  return Array.from({ length: 40 }, (_, i) => {
    const base = {
      id: i + 1,
      image_id: 1 + random.integer(2),
      bbox: [random.integer(400) + 0.25, random.integer(300), 8 + random.integer(60), 10.5],
      area: 100.5,
    };
    const odd = random.uniform() < 0.5 ? ODDITIES[random.integer(ODDITIES.length)] : {};
    return annotation({ ...base, ...odd });
  });
}

/** Everything of a dataset, or the error's message. */
async function everything(file: string) {
  try {
    const { records, ...rest } = await loadCoco(file, folder, { name: 'a' });
    return JSON.parse(JSON.stringify({ records: records.map((record) => ({ ...record })), ...rest }));
  } catch (error) {
    return (error as Error).message;
  }
}

it('is the same of hostile annotations', async () => {
  const file = path.join(folder, 'a.json');
  for (let seed = 0; seed < 12; seed++) {
    const written = writeCoco(folder, { annotations: hostile(Random.seeded(seed)) });
    const json = readFileSync(written, 'utf8');
    const indented = seed % 2 === 0 ? json : JSON.stringify(JSON.parse(json), undefined, 1);
    writeFileSync(file, indented);
    const streamed = await everything(file);
    // a key twice: it is parsed whole
    writeFileSync(file, indented.replace('{', '{"info": 1, "info": 2, '));
    expect(await everything(file), `seed ${seed}`).toEqual(streamed);
    expect(streamed.records.length).toBe(2);
  }
});

it('is the same however few bytes are read at a time', async () => {
  const written = writeCoco(folder, { annotations: hostile(Random.seeded(3)) });
  const of = async (bytes?: number) => {
    const { images, categories, annotations, notices } = await readContent(written, bytes);
    const { length, objects, chunks } = annotations;
    const [{ ids, boxes, areas, flags, outlineLengths }] = chunks;
    const columns = [ids, boxes, areas, flags, outlineLengths].map((column) => column?.subarray(0, 4 * length));
    return { images, categories, notices, length, objects, columns };
  };
  const whole = await of();
  expect(whole.length).toBe(40);
  expect(whole.objects.size).toBeLessThan(30);
  for (const bytes of [1, 7, 64]) expect(await of(bytes)).toEqual(whole);
});

it.each([
  ['{"images": [], "annotations": [], "categories": [],}', /Cannot read .* as JSON: /],
  ['{"images": [], "annotations": [{"id": 1,}], "categories": []}', /Cannot read .* as JSON: /],
  ['{"images": [], "annotations": [{"id": 01}], "categories": []}', /Cannot read .* as JSON: /],
  ['{"images": [], "annotations": [1, ], "categories": []}', /Cannot read .* as JSON: /],
  ['{"images": [], "annotations": [], "categories": []} x', /Cannot read .* as JSON: /],
  ['{"images": [], "annotations": [], "catego', /Cannot read .* as JSON: /],
  ['', /is empty/],
  ['[]', /expected an object with images, annotations and categories/],
  ['{"images": [], "annotations": {}, "categories": []}', /expected a list "annotations", received an object/],
  ['{"images": [], "annotations": []}', /expected a list "categories", received nothing/],
])('refuses %s', async (text, message) => {
  const file = path.join(folder, 'bad.json');
  writeFileSync(file, text);
  await expect(readContent(file)).rejects.toThrow(message);
});

it('counts NaN, and reads what is not UTF-8', async () => {
  const file = path.join(folder, 'a.json');
  const text =
    '{"info": {"a": NaN}, "images": [], "annotations": [{"id": 1, "area": NaN, "x": Infinity}], "categories": []}';
  writeFileSync(file, text);
  expect((await readContent(file)).notices).toEqual(['a.json: 3 values are NaN or Infinity, read as absent']);
  writeFileSync(
    file,
    Buffer.from('{"images": [], "annotations": [], "categories": [{"id": 1, "name": "Zelle \xb5"}]}', 'latin1'),
  );
  const { categories, notices } = await readContent(file);
  expect(categories).toEqual([{ id: 1, name: 'Zelle \u00b5' }]);
  expect(notices[0]).toMatch(/is not UTF-8/);
});
