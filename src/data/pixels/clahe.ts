// Contrast-limited adaptive histogram equalisation of one plane (Zuiderveld, Graphics Gems IV, 1994), as OpenCV's CLAHE:
// one look-up table per tile of an 8 x 8 grid, interpolated bilinearly between tile centres.

import { roundHalfEven } from '../../geometry/round-half-even';
import { mirrored } from './blur';

const f = Math.fround;

/** @param limit clip limit: the maximum count of a level in a tile, relative to a uniform histogram */
export function equalize(plane: Uint8Array, width: number, height: number, limit: number, tiles = 8): Uint8Array {
  // sides not divisible into tiles are extended by mirroring at the right and bottom
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
      tables.push(equalizationTable(counts, tileWidth * tileHeight, limit));
    }
  const neighbourTiles = (side: number, tile: number) =>
    Array.from({ length: side }, (_, i) => {
      const at = f(f(i * f(1 / tile)) - 0.5);
      const first = Math.floor(at);
      return { first: Math.max(first, 0), second: Math.min(first + 1, tiles - 1), rest: f(at - first) };
    });
  const columns = neighbourTiles(width, tileWidth);
  const rows = neighbourTiles(height, tileHeight);
  const out = new Uint8Array(plane.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [row, column] = [rows[y], columns[x]];
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

/** Look-up table of a tile: counts above the clip limit are redistributed over all levels, then accumulated. */
function equalizationTable(counts: Int32Array, size: number, limit: number): Uint8Array {
  const clipLimit = Math.max(Math.trunc((limit * size) / 256), 1);
  let excess = 0;
  for (let i = 0; i < 256; i++) {
    if (counts[i] <= clipLimit) continue;
    excess += counts[i] - clipLimit;
    counts[i] = clipLimit;
  }
  const share = Math.floor(excess / 256);
  let rest = excess - share * 256;
  for (let i = 0; i < 256; i++) counts[i] += share;
  const step = Math.max(Math.floor(256 / Math.max(rest, 1)), 1);
  for (let i = 0; i < 256 && rest > 0; i += step, rest--) counts[i]++;
  let sum = 0;
  const scale = f(255 / size);
  return Uint8Array.from(counts, (count) => {
    sum += count;
    return Math.min(roundHalfEven(f(sum * scale)), 255);
  });
}
