// Whatever stands in a field: a COCO file gives records with finite boxes, or an error in words.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadCoco } from '../../../../src/data/datasets/coco';
import { DetLabError } from '../../../../src/errors';
import { Random } from '../../../../src/random';
import { CASE_IMAGES, caseFile, greyImages, newFolder } from '../cases';

let folder: string;
beforeAll(async () => {
  folder = newFolder();
  await greyImages(folder, CASE_IMAGES);
});
afterAll(() => rmSync(folder, { recursive: true }));

type Fields = Record<string, unknown>;
const VALUES = [null, '', 'x', '7', 0, -1, 1e300, 1.5, true, [], {}, [1], [null, 1, 2, 3], [[1, 2]], { size: 3 }];

/** Replaces, or removes, one field of the file at a random depth. */
function damage(json: Fields, random: Random): void {
  let at: Fields = json;
  for (let depth = 0; depth < 6; depth++) {
    const keys = Object.keys(at);
    if (keys.length === 0) return;
    const key = keys[random.integer(keys.length)];
    const inner = at[key];
    if (typeof inner === 'object' && inner !== null && random.uniform() < 0.8) at = inner as Fields;
    else if (random.uniform() < 0.2) {
      delete at[key];
      return;
    } else {
      at[key] = VALUES[random.integer(VALUES.length)];
      return;
    }
  }
}

it.each(['sahi', 'datumaro_masks', 'cvat'])('exports/%s.json, damaged', async (name) => {
  const whole = readFileSync(caseFile(`exports/${name}.json`), 'utf8');
  const file = path.join(folder, `${name}.json`);
  let read = 0;
  for (let seed = 0; seed < 200; seed++) {
    const json = JSON.parse(whole) as Fields;
    const random = Random.seeded(seed);
    for (let i = 0; i <= seed % 3; i++) damage(json, random);
    writeFileSync(file, JSON.stringify(json));
    try {
      const { records, problems } = await loadCoco(file, folder);
      read++;
      for (const { truths, width, height, id } of records) {
        expect([...truths.bboxes].every(Number.isFinite)).toBe(true);
        expect([width, height, id].every(Number.isSafeInteger)).toBe(true);
      }
      expect(problems.every(({ message }) => !/undefined|\[object|NaN/.test(message))).toBe(true);
    } catch (error) {
      if (!(error instanceof DetLabError)) throw new Error(`seed ${seed}: ${(error as Error).stack}`);
      expect(error.message).not.toMatch(/undefined|\[object/);
    }
  }
  expect(read).toBeGreaterThan(50);
});
