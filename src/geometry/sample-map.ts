// A map of values on a grid, read between its cells.

/** [height, width], row-major. */
export interface ValueMap {
  values: Float32Array;
  height: number;
  width: number;
}

/** The map at a place in shares of its height and width, interpolated between the cells, whose centers have their values. */
export function sampleMap({ values, height, width }: ValueMap, y: number, x: number): number {
  const top = Math.min(height - 1, Math.max(0, y * height - 0.5));
  const left = Math.min(width - 1, Math.max(0, x * width - 0.5));
  const [y0, x0] = [Math.floor(top), Math.floor(left)];
  const [y1, x1] = [Math.min(height - 1, y0 + 1), Math.min(width - 1, x0 + 1)];
  const [fy, fx] = [top - y0, left - x0];
  const row = (r: number) => values[r * width + x0] * (1 - fx) + values[r * width + x1] * fx;
  return row(y0) * (1 - fy) + row(y1) * fy;
}

/** The map on another grid. */
export function resizeMap(map: ValueMap, height: number, width: number): ValueMap {
  if (map.height === height && map.width === width) return map;
  const values = new Float32Array(height * width);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) values[i] = sampleMap(map, (y + 0.5) / height, (x + 0.5) / width);
  return { values, height, width };
}

/** Maps added up on the grid of the finest. */
export function addMaps(maps: readonly ValueMap[]): ValueMap {
  const height = Math.max(...maps.map((map) => map.height));
  const width = Math.max(...maps.map((map) => map.width));
  const values = new Float32Array(height * width);
  for (const map of maps) for (const [i, v] of resizeMap(map, height, width).values.entries()) values[i] += v;
  return { values, height, width };
}
