// `.save(path)`: format by extension, whole pages, folders made, errors that list what can be written.

import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { MimeBundle } from '../../src/visualization/display';
import { csvText, type Formats, SavableDisplay, saveAs } from '../../src/visualization/savable';

const folder = mkdtempSync(join(tmpdir(), 'detlab-save-'));

class Losses extends SavableDisplay {
  protected readonly what = 'losses';
  protected formats(): Formats {
    return {
      csv: () => csvText(['step', 'loss'], [[1, 0.1]]),
      html: () => '<p>0.1</p>',
      json: () => ({ loss: [0.1] }),
    };
  }
  protected bundle(): MimeBundle {
    return { 'text/plain': this.toString() };
  }
  toString(): string {
    return 'loss 0.1';
  }
}

test('the extension says the format, and the folders of the path are made', async () => {
  const csv = await new Losses().save(join(folder, 'a/b/losses.CSV'));
  expect(readFileSync(csv, 'utf8')).toBe('step,loss\r\n1,0.1\r\n');
  const json = await new Losses().save(join(folder, 'losses.json'));
  expect(JSON.parse(readFileSync(json, 'utf8'))).toEqual({ loss: [0.1] });
});

test('HTML is a whole page with an escaped title', async () => {
  const file = await saveAs('<b>', { html: () => '<p>0.1</p>' }, join(folder, 'x.htm'));
  const page = readFileSync(file, 'utf8');
  expect(page).toMatch(/^<!doctype html>/);
  expect(page).toContain('<title>&lt;b&gt;</title>');
  expect(page).toContain('<p>0.1</p>');
});

test('another extension is an error with those that work', async () => {
  await expect(new Losses().save('losses.png')).rejects.toThrow(
    'Cannot save losses as "losses.png": expected an extension of .csv, .html, .json, received .png',
  );
  await expect(new Losses().save('losses')).rejects.toThrow('received none');
  await expect(new Losses().save('losses.constructor')).rejects.toThrow('received .constructor');
});

test('CSV quotes what must be quoted and keeps all digits', () => {
  expect(csvText(['a', 'b'], [['x,"y"', 0.1 + 0.2]])).toBe('a,b\r\n"x,""y""",0.30000000000000004\r\n');
});
