// Masks of the values of a map: in which pixels is each.

import { type Rle, RleBuilder } from './rle';

interface IdMap {
  /** Row-major. */
  data: ArrayLike<number>;
  width: number;
  height: number;
}

/** The mask of every value of a map, in the order of their first pixels, column by column. */
export function rlesOfMap({ data, width, height }: IdMap): Map<number, Rle> {
  const builders = new Map<number, RleBuilder>();
  for (let x = 0; x < width; x++)
    for (let y = 0; y < height; ) {
      const value = data[y * width + x];
      const from = y;
      while (y < height && data[y * width + x] === value) y++;
      let builder = builders.get(value);
      if (!builder) builders.set(value, (builder = new RleBuilder()));
      builder.add(x * height + from, x * height + y);
    }
  return new Map([...builders].map(([value, builder]) => [value, builder.finish(height, width)]));
}

/** The masks of some values of a map, in their order; empty for one that is not there. */
export function rleOfIds(map: IdMap, ids: readonly number[]): Rle[] {
  const { width, height } = map;
  const all = rlesOfMap(map);
  return ids.map((id) => all.get(id) ?? { height, width, counts: Uint32Array.of(height * width) });
}
