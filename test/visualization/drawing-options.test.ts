// Drawing options: an unknown or impossible one is an error that says what is.

import { expect, test } from 'vitest';
import { checkDrawing, type DrawingOptions } from '../../src/visualization/drawing-options';

const check = (given: object) => checkDrawing(given as DrawingOptions, 'show it', ['car', 'person']);

test('valid options stay what they are', () => {
  const given = { threshold: 0.5, width: 640, labels: 'score', palette: { car: '#ff0000' }, color: 'state' };
  expect(check(given)).toEqual(given);
  expect(Object.keys(check({ threshold: undefined, width: 64 }))).toEqual(['width']);
});

test.each([
  [{ treshold: 0.5 }, /unknown option "treshold"; expected threshold, width.*Did you mean "threshold"\?/],
  [{ threshold: 2 }, /Cannot show it: threshold: .*received the number 2/],
  [{ color: 'score' }, /color: .*received the string "score"/],
  [{ palette: ['red'] }, /palette at 0: expected a colour as #rrggbb/],
  [{ palette: { cat: '#ffffff' } }, /no class is called "cat"; the classes are car, person\. Did you mean "car"\?/],
  [{ width: 1.5 }, /width: /],
])('%j is an error', (given, message) => {
  expect(() => check(given)).toThrow(message);
});
