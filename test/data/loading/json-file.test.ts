// JSON as Python's tools write it.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readJson } from '../../../src/data/loading/json-file';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'detlab-json-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function read(content: string | Uint8Array) {
  const file = path.join(folder, 'a.json');
  writeFileSync(file, content);
  return readJson(file);
}

it('reads NaN and Infinity as absent, and says how many', async () => {
  const { json, notices } = await read(
    '{"area": NaN, "bbox": [1, -Infinity, Infinity, 4], "name": "NaN, \\"Infinity\\""}',
  );
  expect(json).toEqual({ area: null, bbox: [1, null, null, 4], name: 'NaN, "Infinity"' });
  expect(notices).toEqual(['a.json: 3 values are NaN or Infinity, read as absent']);
});

it.each([
  ['UTF-8', Buffer.from('\ufeff{"name": "Zelle µ"}')],
  ['UTF-16, little-endian', Buffer.from('\ufeff{"name": "Zelle µ"}', 'utf16le')],
  ['UTF-16, big-endian', Buffer.from('\ufeff{"name": "Zelle µ"}', 'utf16le').swap16()],
])('reads a byte order mark: %s', async (_, bytes) => {
  expect(await read(bytes)).toEqual({ json: { name: 'Zelle µ' }, notices: [] });
});

it('reads what is not UTF-8 as Windows-1252, and says so', async () => {
  const { json, notices } = await read(Buffer.from('{"a": "\xe4", "b": "\xf6"}', 'latin1'));
  expect(json).toEqual({ a: 'ä', b: 'ö' });
  expect(notices).toEqual([expect.stringMatching(/not UTF-8/)]);
});

it('keeps integers above 2^53 as strings, and nothing else', async () => {
  const { json } = await read(
    '{"ids": [9007199254740993, 9007199254740991, -9007199254740993], "x": 261.69872981077805, "y": 1.0e300,' +
      ' "text": "[9007199254740993, 9007199254740993]", "id": 12345678901234567890}',
  );
  expect(json).toEqual({
    ids: ['9007199254740993', 9007199254740991, '-9007199254740993'],
    x: 261.69872981077805,
    y: 1e300,
    text: '[9007199254740993, 9007199254740993]',
    id: '12345678901234567890',
  });
});

it('names the file that is no JSON', async () => {
  await expect(read('')).rejects.toThrow(/a\.json" as JSON: it is empty/);
  await expect(read('{"a": 1,}')).rejects.toThrow(/Cannot read .*a\.json" as JSON/);
  await expect(read('{"a": NaN,}')).rejects.toThrow(/Cannot read .*a\.json" as JSON/);
  await expect(readJson(path.join(folder, 'none.json'), 'annotation file')).rejects.toThrow(
    /Cannot find the annotation file/,
  );
});
