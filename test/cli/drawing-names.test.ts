// Drawings of `detlab predict --out`: none is lost, and none replaces an image.

import { expect, test } from 'vitest';
import { drawingNames } from '../../src/cli/drawing-names';

test('images of one name have drawings of their own', () => {
  expect(drawingNames(['x/a.jpg', 'y/a.jpg', 'a.png', 'b.v2.jpg'], 'out')).toEqual([
    'out/a.png',
    'out/a-2.png',
    'out/a-3.png',
    'out/b.v2.png',
  ]);
});

test('an image in the folder of drawings is kept', () => {
  expect(drawingNames(['out/a.png', './out/a-2.png'], 'out')).toEqual(['out/a-3.png', 'out/a-2-2.png']);
});
