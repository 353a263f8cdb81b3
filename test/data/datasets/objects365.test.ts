// Objects365: the classes of both versions, and where images are.

import { expect, test } from 'vitest';
import { OBJECTS365_V1, OBJECTS365_V2, objects365File } from '../../../src/data/datasets/objects365';

test('365 different classes, with the spaces of the annotation files', () => {
  for (const classes of [OBJECTS365_V1, OBJECTS365_V2]) expect(new Set(classes).size).toBe(365);
  expect([OBJECTS365_V1, OBJECTS365_V2].map((classes) => classes.filter((name) => name !== name.trim()))).toEqual([
    ['tissue '],
    ['Cigar/Cigarette ', 'Formula 1 ', 'Table Tennis '],
  ]);
  expect([OBJECTS365_V1[0], OBJECTS365_V1[364]]).toEqual(['person', 'flashlight']);
});

test('files are in the folder of their patch; those that were not published are left out', () => {
  expect(objects365File('images/v2/patch8/objects365_v2_00420917.jpg')).toBe('patch8/objects365_v2_00420917.jpg');
  expect(objects365File('patch16/objects365_v2_00908726.jpg')).toBeUndefined();
});
