// Glob patterns of history search.

import { expect, it } from 'vitest';
import { createGlob } from '../../../../kernels/jupyter/session/glob';

it.each([
  ['*', '', true],
  ['', '', true],
  ['?', '\u{1F600}', true],
  ['a*b*c', 'aXbXbXc', true],
  ['a*b', 'aXbX', false],
  ['[a-c]?', 'b!', true],
  ['[^a-c]', 'b', false],
  ['[]]', ']', true],
  ['[x', '[x', true],
  ['.+', '.+', true],
  ['.+', 'ab', false],
])('%j on %j: %s', (pattern, text, expected) => {
  expect(createGlob(pattern)(text)).toBe(expected);
});

it('ends soon on patterns a regular expression would never finish', () => {
  expect(createGlob(`${'*a'.repeat(40)}*b`)('a'.repeat(5000))).toBe(false);
});
