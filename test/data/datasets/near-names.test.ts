// Class names that differ in case or blanks only.

import { expect, it } from 'vitest';
import { nearNames } from '../../../src/data/datasets/near-names';

it('names each pair', () => {
  expect(nearNames(['RBC', 'WBC', 'rbc', 'red  cell', 'Red cell'])).toEqual([
    'classes "RBC" and "rbc" differ in case or blanks only; they are kept apart',
    'classes "red  cell" and "Red cell" differ in case or blanks only; they are kept apart',
  ]);
});
