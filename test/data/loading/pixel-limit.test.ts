// The limit on the pixels of an image: the message has the limit and the way out, and the way out works.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { decodeImage, imageSize } from '../../../src/data/loading/decode';

let root: string;

beforeAll(() => (root = mkdtempSync(path.join(tmpdir(), 'detlab-data-'))));
afterAll(() => rmSync(root, { recursive: true, force: true }));
afterEach(() => vi.unstubAllEnvs());

it('names size, limit and setting, for decoding and for the header', async () => {
  const file = path.join(root, 'wide.png');
  await sharp({ create: { width: 40, height: 30, channels: 3, background: 'red' } })
    .png()
    .toFile(file);
  vi.stubEnv('DETLAB_MAX_PIXELS', '1000');
  const message = `Cannot decode image "${file}": it has 40 x 30 = 1,200 pixels, the limit is 1,000. Reduce it or cut it into tiles, or raise the limit with DETLAB_MAX_PIXELS=1200`;
  await expect(decodeImage(file)).rejects.toThrow(message);
  await expect(imageSize(file)).rejects.toThrow(message);
  vi.stubEnv('DETLAB_MAX_PIXELS', '1200');
  expect((await decodeImage(file)).width).toBe(40);
  vi.stubEnv('DETLAB_MAX_PIXELS', 'many');
  await expect(decodeImage(file)).rejects.toThrow('DETLAB_MAX_PIXELS="many": expected a number of pixels');
});
