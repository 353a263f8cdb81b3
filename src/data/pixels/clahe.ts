// Contrast limited adaptive histogram equalisation of one plane (Zuiderveld, Graphics Gems IV, 1994), as OpenCV's CLAHE
// does it: a table for each of 8 x 8 tiles, blended between their centres.

import { roundHalfEven } from '../../geometry/round-half-even';
import { mirrored } from './blur';

const f = Math.fround;

/** @param limit largest share of one level in a tile, as a multiple of the even share */
export function equalize(plane: Uint8Array, width: number, height: number, limit: number, tiles = 8): Uint8Array {
  // sides that the tiles do not divide are mirrored on at the right and bottom
  const whole = width % tiles === 0 && height % tiles === 0;
  const [tileWidth, tileHeight] = [width, height].map((side) =>
    Math.floor((side + (whole ? 0 : tiles - (side % tiles))) / tiles),
  );
  const tables: Uint8Array[] = [];
  for (let row = 0; row < tiles; row++)
    for (let column = 0; column < tiles; column++) {
      const counts = new Int32Array(256);
      for (let y = 0; y < tileHeight; y++) {
        const from = mirrored(row * tileHeight + y, height) * width;
        for (let x = 0; x < tileWidth; x++) counts[plane[from + mirrored(column * tileWidth + x, width)]]++;
      }
      tables.push(levels(counts, tileWidth * tileHeight, limit));
    }
  const places = (side: number, tile: number) =>
    Array.from({ length: side }, (_, i) => {
      const at = f(f(i * f(1 / tile)) - 0.5);
      const first = Math.floor(at);
      return { first: Math.max(first, 0), second: Math.min(first + 1, tiles - 1), rest: f(at - first) };
    });
  const columns = places(width, tileWidth);
  const out = new Uint8Array(plane.length);
  for (const [y, row] of places(height, tileHeight).entries())
    for (const [x, column] of columns.entries()) {
      const i = y * width + x;
      const level = plane[i];
      const blend = (r: number) =>
        f(
          f(tables[r * tiles + column.first][level] * f(1 - column.rest)) +
            f(tables[r * tiles + column.second][level] * column.rest),
        );
      out[i] = roundHalfEven(f(f(blend(row.first) * f(1 - row.rest)) + f(blend(row.second) * row.rest)));
    }
  return out;
}

/** New value of every level of a tile: what lies above the limit is spread over all levels. */
function levels(counts: Int32Array, size: number, limit: number): Uint8Array {
  const most = Math.max(Math.trunc((limit * size) / 256), 1);
  let above = 0;
  for (let i = 0; i < 256; i++) {
    if (counts[i] <= most) continue;
    above += counts[i] - most;
    counts[i] = most;
  }
  const each = Math.floor(above / 256);
  let rest = above - each * 256;
  for (let i = 0; i < 256; i++) counts[i] += each;
  const step = Math.max(Math.floor(256 / Math.max(rest, 1)), 1);
  for (let i = 0; i < 256 && rest > 0; i += step, rest--) counts[i]++;
  let sum = 0;
  const scale = f(255 / size);
  return Uint8Array.from(counts, (count) => {
    sum += count;
    return Math.min(roundHalfEven(f(sum * scale)), 255);
  });
}
