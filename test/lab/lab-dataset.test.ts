// Data sets as the laboratory shows and divides them.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LabDataset, startEngine } from '../../src';
import { scenes } from './small';

const folder = mkdtempSync(join(tmpdir(), 'detlab-lab-dataset-'));
let data: LabDataset;
beforeAll(async () => {
  await startEngine();
  data = await scenes(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

const SHOW = Symbol.for('Jupyter.display');

type Shown = Record<string, unknown>;

const shown = (thing: object): Promise<Shown> => (thing as Record<symbol, () => Promise<Shown>>)[SHOW]();

describe('data', () => {
  test('a data set shows its classes, counts, problems and images', async () => {
    expect(data.classes).toEqual(['car', 'person', 'traffic light']);
    const bundle = await shown(data);
    expect(bundle['text/plain']).toMatch(
      /^toytown: 12 train \+ 3 val images, 3 classes\nclass +train boxes +val boxes\n/,
    );
    expect(bundle['text/html']).toContain('<img alt="images with their boxes"');
    const { width } = await sharp(Buffer.from(bundle['image/png'] as string, 'base64')).metadata();
    expect(width).toBeGreaterThan(1000);
  });

  test('parts are taken, held out and cut', () => {
    expect(data.split('val').train.records).toBe(data.val!.records);
    expect(() => data.split('val').split('val')).toThrow(/it has none. Create one with .split\(0.2\)/);
    const held = data.split('train').split(0.25, { seed: 2 });
    expect([held.train.records.length, held.val!.records.length]).toEqual([9, 3]);
    const ids = [...held.train.records, ...held.val!.records].map((r) => r.id);
    expect(new Set(ids).size).toBe(12);
    expect(data.take(2).val!.records).toHaveLength(2);
  });
});
