// Paths of the package, of what is built for it, and in messages.

import os from 'node:os';
import path, { join } from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot, places, SETUP_COMMAND, withRelativePaths } from '../src/paths';

it('paths below the working directory are seen from there', () => {
  const message = `Cannot find image "${join(process.cwd(), 'data', 'a.jpg')}" (id 7)`;
  expect(withRelativePaths(message)).toBe(`Cannot find image "${join('data', 'a.jpg')}" (id 7)`);
  expect(withRelativePaths('Cannot find image "/elsewhere/a.jpg"')).toBe('Cannot find image "/elsewhere/a.jpg"');
});

it('a checkout keeps everything inside of it', () => {
  expect(places.isCheckout).toBe(true);
  expect(SETUP_COMMAND).toBe('npm run setup');
  const folders = [
    places.buildFolder('torch'),
    places.buildFolder('pixels'),
    places.venv(),
    places.state(),
    places.cache(),
  ];
  expect(folders.map((folder) => path.relative(packageRoot, folder).replaceAll(path.sep, '/'))).toEqual([
    'kernels/torch/build',
    'kernels/pixels/build',
    '.venv',
    '.setup',
    'node_modules/.cache/detlab',
  ]);
});

it("the user's data folder is that of the system", () => {
  const { dataFolder } = places;
  expect(dataFolder({}, 'linux')).toBe(path.join(os.homedir(), '.local', 'share'));
  expect(dataFolder({ XDG_DATA_HOME: '/data' }, 'linux')).toBe('/data');
  expect(dataFolder({ XDG_DATA_HOME: '/data' }, 'darwin')).toBe(
    path.join(os.homedir(), 'Library', 'Application Support'),
  );
  expect(dataFolder({ LOCALAPPDATA: 'C:\\Users\\a\\AppData\\Local' }, 'win32')).toBe('C:\\Users\\a\\AppData\\Local');
});
