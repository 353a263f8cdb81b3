// MAT-files that scipy.io wrote, whole and damaged.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterAll, expect, it } from 'vitest';
import { DetLabError } from '../../src/errors';
import { readMatFile } from '../../src/evaluation/mat-file';
import golden from '../golden/wider_face.json';

const folder = mkdtempSync(path.join(tmpdir(), 'detlab-mat-'));
afterAll(() => rmSync(folder, { recursive: true }));

const files = golden.sets.flatMap((set) => (set.files ? [set.files] : []));
const read = (bytes: Uint8Array) => {
  const file = path.join(folder, 'lists.mat');
  writeFileSync(file, bytes);
  return readMatFile(file);
};
const bytesOf = (text: string) => Buffer.from(text, 'base64');

it('cells, text and numbers; what else is there is left out', async () => {
  const variables = await read(bytesOf(files[0]['wider_hard_val.mat']));
  expect([...variables.keys()]).toEqual(['event_list', 'file_list', 'face_bbx_list', 'gt_list']);
  expect(variables.get('event_list')).toEqual({
    kind: 'cells',
    dims: [3, 1],
    cells: ['0--Parade', '9--Press', '61--Street'].map((text) => ({ kind: 'text', text })),
  });
  expect([...(await read(bytesOf(files[0]['wider_face_val.mat']))).keys()]).toEqual([
    'event_list',
    'file_list',
    'face_bbx_list',
  ]);
});

it('is never read beyond its end: 400 cuts and as many damaged copies', async () => {
  for (const whole of [bytesOf(files[0]['wider_easy_val.mat']), bytesOf(files[1]['wider_easy_val.mat'])]) {
    for (let i = 0; i < 200; i++) {
      const damaged = Buffer.from(whole);
      damaged[128 + ((i * 7919) % (whole.length - 128))] ^= 1 << (i % 8);
      const cut = whole.subarray(0, (i * 131) % whole.length);
      for (const bytes of [damaged, cut]) {
        const outcome = await read(bytes).catch((error: unknown) => error);
        expect(outcome instanceof DetLabError || outcome instanceof Map).toBe(true);
      }
    }
  }
});

it('other versions, and more than fits, are refused', async () => {
  const header = (text: string) => Buffer.from(text.padEnd(124, ' ')).toString('latin1');
  await expect(read(Buffer.from(`${header('MATLAB 7.3 MAT-file')}\0\x02IM`, 'latin1'))).rejects.toThrow(/version 7.3/);
  await expect(read(Buffer.from('no mat'))).rejects.toThrow(/expected "MATLAB 5.0 MAT-file", received "no mat"/);
  const bomb = deflateSync(Buffer.alloc(257 * 2 ** 20), { level: 1 });
  const tag = Buffer.alloc(8);
  tag.writeUInt32LE(15, 0);
  tag.writeUInt32LE(bomb.length, 4);
  const start = Buffer.from(`${header('MATLAB 5.0 MAT-file')}\0\x01IM`, 'latin1');
  await expect(read(Buffer.concat([start, tag, bomb]))).rejects.toThrow(/compressed variable cannot be read/);
  await expect(readMatFile(path.join(folder, 'none.mat'))).rejects.toThrow(/none.mat": ENOENT/);
});
