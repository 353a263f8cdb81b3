// The tiles of a large image: boxes of one size that overlap, those of the right and the lower border moved inside. Equal to
// sahi's slices.

import type { Size } from './boxes';

/** In pixels; x2 and y2 are exclusive. */
export type Tile = [x1: number, y1: number, x2: number, y2: number];

/**
 * Tiles from left to right, row by row. An image that is not larger than a tile is one tile.
 *
 * @param tile height and width of a tile
 * @param overlap share of a tile that the next one covers too, from 0 to below 1
 * @example tilesOf([1000, 1000], [640, 640], 0.2) // [[0, 0, 640, 640], [360, 0, 1000, 640], ...]
 */
export function tilesOf([height, width]: Size, [tileHeight, tileWidth]: Size, overlap: number): Tile[] {
  const rows = spans(height, tileHeight, overlap);
  const columns = spans(width, tileWidth, overlap);
  return rows.flatMap(([y1, y2]) => columns.map(([x1, x2]): Tile => [x1, y1, x2, y2]));
}

function spans(length: number, tile: number, overlap: number): [from: number, to: number][] {
  const step = Math.max(1, tile - Math.trunc(overlap * tile));
  const found: [number, number][] = [];
  for (let from = 0, to = 0; to < length; from += step) {
    to = from + tile;
    const end = Math.min(to, length);
    found.push([Math.max(0, end - tile), end]);
  }
  return found;
}
