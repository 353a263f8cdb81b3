// The annotation file made from Cityscapes' maps of instance ids, beside that of MMDetection's converter; the maps themselves.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { writeCityscapesAnnotations } from '../../../src/data/datasets/cityscapes';
import { labelMapPng, readLabelMap } from '../../../src/masks/label-map';
import { goldenJson } from '../../golden-data';

const root = mkdtempSync(path.join(tmpdir(), 'detlab-cityscapes-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const { images } = goldenJson<{ cases: Record<string, { images: { png: string }[] }> }>('cityscapes_eval').cases[
  'scenes 0'
];
const imgDir = path.join(root, 'leftImg8bit/val');
for (const [i, { png }] of images.entries()) {
  const city = i < 3 ? 'aachen' : 'bochum';
  for (const [part, suffix] of [
    ['leftImg8bit', 'leftImg8bit'],
    ['gtFine', 'gtFine_instanceIds'],
  ]) {
    const folder = path.join(root, part, 'val', city);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, `${city}_00000${i}_000019_${suffix}.png`), Buffer.from(png, 'base64'));
  }
}

test("equal to MMDetection's converter, and written once", async () => {
  const annFile = path.join(root, 'annotations/instancesonly_filtered_gtFine_val.json');
  expect(await writeCityscapesAnnotations({ annFile, imgDir })).toMatch(/written from the instance ids of 6 images/);
  expect(JSON.parse(readFileSync(annFile, 'utf8'))).toEqual(goldenJson('cityscapes_annotations'));
  writeFileSync(annFile, '{}');
  expect(await writeCityscapesAnnotations({ annFile, imgDir })).toBeUndefined();
  expect(readFileSync(annFile, 'utf8')).toBe('{}');
});

test('without maps nothing is written; one that is cut off or no map is named', async () => {
  const annFile = path.join(root, 'other.json');
  expect(await writeCityscapesAnnotations({ annFile, imgDir: path.join(root, 'images') })).toBeUndefined();
  expect(existsSync(annFile)).toBe(false);
  const empty = path.join(root, 'leftImg8bit/empty');
  for (const part of ['leftImg8bit', 'gtFine']) mkdirSync(path.join(root, part, 'empty'));
  await expect(writeCityscapesAnnotations({ annFile, imgDir: empty })).rejects.toThrow(/no images <city>\/<name>/);
  const bytes = Buffer.from(images[0].png, 'base64');
  const read = (data: Buffer): string => {
    const file = path.join(root, 'map.png');
    writeFileSync(file, data);
    try {
      readLabelMap(file);
    } catch (error) {
      return (error as Error).message;
    }
    return '';
  };
  expect(read(bytes)).toBe('');
  expect(read(bytes.subarray(0, bytes.length / 2))).toMatch(/Cannot read the label map ".*map.png": /);
  expect(read(Buffer.from('GIF89a'))).toMatch(/expected a PNG file/);
  const colour = Buffer.from(bytes);
  colour[25] = 2;
  expect(read(colour)).toMatch(
    /expected a grayscale PNG of 8 or 16 bits, whose values are ids, received 16 bits of RGB/,
  );
});

test('maps of 8 and of 16 bits are read as they were written', () => {
  const file = path.join(root, 'written.png');
  for (const data of [Uint8Array.from([0, 1, 255, 7, 33, 2]), Uint16Array.from([0, 65535, 26001, 256, 24, 1])]) {
    writeFileSync(file, labelMapPng({ width: 3, height: 2, data }));
    expect(readLabelMap(file)).toEqual({ width: 3, height: 2, data: Uint16Array.from(data) });
  }
});
