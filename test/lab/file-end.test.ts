// Images named by whole names of their path.

import { expect, test } from 'vitest';
import { endsWithFile } from '../../src/lab/file-end';

test.each([
  ['/data/100012.jpg', '00012.jpg', false],
  ['/data/00012.jpg', '00012.jpg', true],
  ['00012.jpg', '00012.jpg', true],
  ['/data/a/00012.jpg', 'a/00012.jpg', true],
  ['/data/ba/00012.jpg', 'a/00012.jpg', false],
  ['/data/a/00012.jpg', './a/00012.jpg', true],
  ['/data/a/00012.jpg', '/data/a/00012.jpg', true],
  ['C:\\data\\a\\00012.jpg', 'a/00012.jpg', true],
  ['/data/a/00012.jpg', 'a\\00012.jpg', true],
  ['/data/a/00012.jpg', '', false],
])('%s ends with %s: %s', (path, asked, expected) => {
  expect(endsWithFile(path, asked)).toBe(expected);
});
