// Where in a Python config an error is.

import { expect, test } from 'vitest';
import { refusal } from './refusal';

test('an error shows file, line, column, the source line and what to write', () => {
  expect(refusal('a = 1\nb = dict(\n    lr=Learn(2))\n')).toMatch(
    /a\.py:3:8: name "Learn" is not defined.* Define it above: Learn = \.\.\.\n {4}3 \| {5}lr=Learn\(2\)\)\n {6}\| {8}\^/,
  );
});
