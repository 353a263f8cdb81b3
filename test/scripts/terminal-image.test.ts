// Images drawn with half blocks.

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { packageRoot } from '../../src/paths';

const url = pathToFileURL(join(packageRoot, 'scripts', 'terminal-image.mjs')).href;
async function imageText(bytes: Uint8Array, options: { columns: number; env: NodeJS.ProcessEnv }): Promise<string[]> {
  const script = (await import(url)) as { imageText: typeof imageText };
  return script.imageText(bytes, options);
}

const [RED, BLUE] = [
  [255, 0, 0],
  [0, 0, 255],
];
/** Red above blue, four columns. */
const stripes = () =>
  sharp(Buffer.from([RED, RED, RED, RED, BLUE, BLUE, BLUE, BLUE].flat()), {
    raw: { width: 4, height: 2, channels: 3 },
  })
    .png()
    .toBuffer();

it('has the upper pixel in the foreground and the lower in the background', async () => {
  const [line, ...more] = await imageText(await stripes(), { columns: 80, env: { COLORTERM: 'truecolor' } });
  expect(more).toEqual([]);
  expect(line).toBe(`${'\x1b[38;2;255;0;0;48;2;0;0;255m\u2580'.repeat(4)}\x1b[0m`);
});

it('takes one of 256 colours on other terminals', async () => {
  const [line] = await imageText(await stripes(), { columns: 80, env: {} });
  expect(line).toContain('\x1b[38;5;196;48;5;21m');
});

it('fits the terminal', async () => {
  const wide = await sharp({ create: { width: 400, height: 300, channels: 3, background: '#fff' } })
    .png()
    .toBuffer();
  const lines = await imageText(wide, { columns: 41, env: {} });
  expect([lines.length, lines[0].split('\u2580').length - 1]).toEqual([15, 40]);
});
