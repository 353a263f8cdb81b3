// Tiles against sahi's slices; they cover the image.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { tilesOf } from '../../src/geometry/tiles';

const { tiles } = JSON.parse(readFileSync(join(__dirname, '../golden/tiles_fusion.json'), 'utf8')) as {
  tiles: { size: [number, number]; tile: [number, number]; overlap: number; tiles: number[][] }[];
};

it.each(tiles)("equals sahi's slices: $size in $tile, overlap $overlap", ({ size, tile, overlap, tiles: expected }) => {
  expect(tilesOf(size, tile, overlap)).toEqual(expected);
});

it('covers every pixel, with tiles of one size where the image is large enough', () => {
  for (const [height, width] of [
    [100, 257],
    [64, 64],
    [63, 200],
  ]) {
    const seen = new Uint8Array(height * width);
    for (const [x1, y1, x2, y2] of tilesOf([height, width], [64, 64], 0.9)) {
      expect([x2 - x1, y2 - y1]).toEqual([Math.min(64, width), Math.min(64, height)]);
      for (let y = y1; y < y2; y++) seen.fill(1, y * width + x1, y * width + x2);
    }
    expect(seen.every(Boolean)).toBe(true);
  }
});
