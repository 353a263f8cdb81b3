// Which selected classes may be absent.

import { expect, it } from 'vitest';
import { type ClassOptions, selectClasses } from '../../../src/data/datasets/select-classes';

const select = (classes: string[], absentClasses?: ClassOptions['absentClasses']) =>
  selectClasses({ classes, absentClasses }, ['RBC', 'WBC', 'Platelets'], 'cells.json');

it('takes all classes, or the selected ones in their order', () => {
  expect(selectClasses({}, ['a', 'b'], 'x')).toEqual({ classes: ['a', 'b'], absent: [] });
  expect(select(['WBC', 'RBC'])).toEqual({ classes: ['WBC', 'RBC'], absent: [] });
});

it('refuses absent classes with the nearest name', () => {
  expect(() => select(['RBC', 'wbc'])).toThrow(/"wbc" of "cells\.json": no such class\. Did you mean "WBC"/);
  expect(() => select(['RBC', 'zebra'])).toThrow(/Classes: RBC, WBC, Platelets\..*absentClasses: 'note'/);
  expect(() => select(['RBC', 'RBC'])).toThrow(/distinct/);
  expect(() => select([])).toThrow(/at least one/);
});

it('notes them for the classes of a model, unless all are absent', () => {
  expect(select(['RBC', 'zebra', 'wbc'], 'note')).toEqual({
    classes: ['RBC', 'zebra', 'wbc'],
    absent: ['zebra', 'wbc'],
  });
  expect(() => select(['zebra', 'dog'], 'note')).toThrow(/no such class/);
});

it('refuses for configs only what is likely misspelt', () => {
  expect(select(['RBC', 'zebra'], 'suspect').absent).toEqual(['zebra']);
  expect(() => select(['RBC', 'wbc'], 'suspect')).toThrow(/Did you mean "WBC"/);
});
