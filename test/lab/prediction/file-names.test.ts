// Names of written files: safe, each given once, and none that replaces an image.

import { expect, test } from 'vitest';
import { safeName, stemOf, uniqueFiles } from '../../../src/lab/prediction/file-names';

test.each([
  ['../../etc/passwd.jpg', 'passwd'],
  ['..\\..\\boot.ini.png', 'boot.ini'],
  ['/a/b/..', '_'],
  ['.hidden.jpg', '_hidden'],
  ['a:b*c?"<>|.png', 'a_b_c_____'],
  ['line\nbreak\u0000.png', 'line_break_'],
  ['CON.jpg', '_CON'],
  ['com1.v2.jpg', '_com1.v2'],
  ['trailing. .png', 'trailing'],
  ['', 'image'],
  ['https://host/photos/street.jpg', 'street'],
  ['clip.mp4#12', 'clip-000012'],
  ['camera:0#3', 'camera_0-000003'],
  ['photos/scan.tif#page=2', 'scan-page-002'],
  ['b.v2.jpg', 'b.v2'],
  ['Größe 1.JPG', 'Größe 1'],
  [`${'x'.repeat(400)}.jpg`, 'x'.repeat(120)],
])('%j', (source, stem) => {
  expect(stemOf(source)).toBe(stem);
});

test('class names as folders', () => {
  expect(['a/b', '..', '', 'nul'].map((name) => safeName(name, 'class'))).toEqual(['a_b', '_', 'class', '_nul']);
});

const png = { extension: '.png' };

test('images of one name have files of their own, also where names differ by case', () => {
  expect(uniqueFiles(['x/a.jpg', 'y/a.jpg', 'A.png', 'b.v2.jpg'], 'out', png)).toEqual([
    'out/a.png',
    'out/a-2.png',
    'out/A-3.png',
    'out/b.v2.png',
  ]);
  expect(uniqueFiles(['a', 'a-2', 'a'], 'out', png)).toEqual(['out/a.png', 'out/a-2.png', 'out/a-3.png']);
});

test('an image in the folder is kept, and so is a name that is taken', () => {
  expect(uniqueFiles(['out/a.png', './out/a-2.png'], 'out', { ...png, kept: ['out/a.png', './out/a-2.png'] })).toEqual([
    'out/a-3.png',
    'out/a-2-2.png',
  ]);
  expect(uniqueFiles(['classes.jpg'], 'out', { extension: '.txt', taken: ['classes.txt'] })).toEqual([
    'out/classes-2.txt',
  ]);
});

test('many images of one name take no time', () => {
  const files = uniqueFiles(Array(20_000).fill('image'), 'out', png);
  expect([files.at(-1), new Set(files).size]).toEqual(['out/image-20000.png', 20_000]);
});
