// Colours of classes.

import { expect, test } from 'vitest';
import { colourOf, inkOn } from '../../src/visualization/palette';

test('forty classes have forty colours, and ink that can be read', () => {
  const colours = Array.from({ length: 40 }, (_, i) => colourOf(i));
  expect(new Set(colours).size).toBe(40);
  for (const colour of colours) expect(colour).toMatch(/^#[0-9a-f]{6}$/);
  expect(inkOn('#ffff00')).toBe('#000000');
  expect(inkOn('#7a5c00')).toBe('#ffffff');
});
