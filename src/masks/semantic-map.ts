// Semantic maps: the class of every pixel of an image, moved along with it. Values are those of the file.

import type { FlipDirection } from '../geometry/boxes';

export interface SemanticMap {
  /** Row-major. */
  data: Uint8Array | Uint16Array;
  width: number;
  height: number;
}

/** A map of `width` x `height` whose pixel (x, y) is that of `from(x, y)`; `fill` where there is none. */
function mapped(
  { data, width: sourceWidth }: SemanticMap,
  [width, height]: readonly [number, number],
  column: (x: number) => number,
  row: (y: number) => number,
  fill = 255,
): SemanticMap {
  const out = new (data.constructor as new (length: number) => SemanticMap['data'])(width * height).fill(fill);
  const columns = Int32Array.from({ length: width }, (_, x) => column(x));
  for (let y = 0; y < height; y++) {
    const from = row(y);
    if (from < 0) continue;
    for (let x = 0; x < width; x++) if (columns[x] >= 0) out[y * width + x] = data[from * sourceWidth + columns[x]];
  }
  return { data: out, width, height };
}

/** The nearest pixel, as OpenCV chooses it. */
export function resizeSemantic(map: SemanticMap, width: number, height: number): SemanticMap {
  if (width === map.width && height === map.height) return map;
  const nearest = (to: number, from: number) => {
    const step = 1 / (to / from);
    return (i: number) => Math.min(Math.floor(i * step), from - 1);
  };
  return mapped(map, [width, height], nearest(width, map.width), nearest(height, map.height));
}

export function flipSemantic(map: SemanticMap, direction: FlipDirection): SemanticMap {
  const { width, height } = map;
  const turned = (length: number, turns: boolean) => (i: number) => (turns ? length - 1 - i : i);
  return mapped(
    map,
    [width, height],
    turned(width, direction !== 'vertical'),
    turned(height, direction !== 'horizontal'),
  );
}

/** The part of `width` x `height` from (left, top); beyond the map `fill`. */
export function cropSemantic(
  map: SemanticMap,
  { left, top, width, height }: Record<'left' | 'top' | 'width' | 'height', number>,
  fill = 255,
): SemanticMap {
  const inside = (first: number, length: number) => (i: number) => (i + first < length ? i + first : -1);
  return mapped(map, [width, height], inside(left, map.width), inside(top, map.height), fill);
}
