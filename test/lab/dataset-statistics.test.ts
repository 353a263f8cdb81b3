// `data.statistics()`: what it shows and saves.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { LabDataset } from '../../src';
import { scenes } from './small';

test('tables, charts and files', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'detlab-statistics-'));
  try {
    const data = await scenes(folder);
    const display = data.statistics();
    const objects = data.train.records.reduce((sum, { truths }) => sum + truths.labels.length, 0);
    expect(display.statistics.objects).toBe(objects);
    expect(String(display)).toMatch(
      new RegExp(
        `^toytown train: 12 images, ${objects} objects\\nclass +images +objects .*\\ncar .*\\nside of an object`,
        's',
      ),
    );
    const svg = readFileSync(await display.save(path.join(folder, 'a.svg')), 'utf8');
    expect([...svg.matchAll(/font-weight="600"/g)].length).toBe(6);
    expect((await sharp(await display.save(path.join(folder, 'a.png'))).metadata()).width).toBeGreaterThan(800);
    expect(readFileSync(await display.save(path.join(folder, 'a.html')), 'utf8')).toMatch(
      /<table.*<img alt="statistics.*\\u003csvg/s,
    );
    const json = JSON.parse(readFileSync(await display.save(path.join(folder, 'a.json')), 'utf8'));
    expect([json.name, json.objects]).toEqual(['toytown train', objects]);
    const named = new LabDataset('x', { ...data.train, name: 'x', classes: ['<b>', '"', '&'] }, undefined);
    expect(readFileSync(await named.statistics().save(path.join(folder, 'b.html')), 'utf8')).not.toMatch(/<b>/);
    expect(data.statistics('val').statistics.images).toBe(3);
    expect(() => named.statistics('val')).toThrow(/Cannot take the val split of "x"/);
    await expect(display.save('a.jpg')).rejects.toThrow(/expected an extension of/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
