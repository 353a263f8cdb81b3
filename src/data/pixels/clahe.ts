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
  const tables = new Uint8Array(tiles * tiles * 256);
  const sourceColumns = Int32Array.from({ length: tiles * tileWidth }, (_, x) => mirrored(x, width));
  for (let tile = 0; tile < tiles * tiles; tile++) {
    const [top, left] = [Math.floor(tile / tiles) * tileHeight, (tile % tiles) * tileWidth];
    const counts = new Int32Array(256);
    for (let y = top; y < top + tileHeight; y++) {
      const from = mirrored(y, height) * width;
      for (let x = left; x < left + tileWidth; x++) counts[plane[from + sourceColumns[x]]]++;
    }
    tables.set(equalizationTable(counts, tileWidth * tileHeight, limit), tile * 256);
  }
  const columns = neighbourTiles(width, tileWidth, tiles);
  const rows = neighbourTiles(height, tileHeight, tiles);
  const out = new Uint8Array(plane.length);
  for (let y = 0, i = 0; y < height; y++) {
    const [upper, lower] = [rows.first[y] * tiles * 256, rows.second[y] * tiles * 256];
    const below = rows.rest[y];
    const above = f(1 - below);
    for (let x = 0; x < width; x++, i++) {
      const level = plane[i];
      const first = columns.first[x] * 256 + level;
      const second = columns.second[x] * 256 + level;
      const right = columns.rest[x];
      const left = f(1 - right);
      const high = f(f(tables[upper + first] * left) + f(tables[upper + second] * right));
      const low = f(f(tables[lower + first] * left) + f(tables[lower + second] * right));
      out[i] = roundHalfEven(f(f(high * above) + f(low * below)));
    }
  }
  return out;
}

/** The tiles before and after each pixel along one side, and the weight of the second. */
function neighbourTiles(side: number, tile: number, tiles: number) {
  const [first, second, rest] = [new Int32Array(side), new Int32Array(side), new Float32Array(side)];
  for (let i = 0; i < side; i++) {
    const at = f(f(i * f(1 / tile)) - 0.5);
    const before = Math.floor(at);
    first[i] = Math.max(before, 0);
    second[i] = Math.min(before + 1, tiles - 1);
    rest[i] = at - before;
  }
  return { first, second, rest };
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
