// Paths of the package and in messages.

import { join } from 'node:path';
import { expect, it } from 'vitest';
import { withRelativePaths } from '../src/paths';

it('paths below the working directory are seen from there', () => {
  const message = `Cannot find image "${join(process.cwd(), 'data', 'a.jpg')}" (id 7)`;
  expect(withRelativePaths(message)).toBe(`Cannot find image "${join('data', 'a.jpg')}" (id 7)`);
  expect(withRelativePaths('Cannot find image "/elsewhere/a.jpg"')).toBe('Cannot find image "/elsewhere/a.jpg"');
});
