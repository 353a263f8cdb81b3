// What a display shows, in a notebook and in a script.

import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { Display, JUPYTER_DISPLAY } from '../../src/visualization/display';

test('a display shows its bundle in a notebook and its text in a script', () => {
  const display = new Display({ 'text/html': '<b>1</b>', 'text/plain': 'one' });
  expect(display[JUPYTER_DISPLAY]()).toEqual({ 'text/html': '<b>1</b>', 'text/plain': 'one' });
  expect((display as never)[Symbol.for('Jupyter.display')]).toBeTypeOf('function');
  expect(inspect(display)).toBe('one');
  expect(`${display}`).toBe('one');
});
