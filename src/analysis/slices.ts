// Images grouped by a value each: by words as they are, by numbers within bounds.

import { DetLabError } from '../errors';

/** A part of the images, by their positions. */
export interface ImageSlice {
  name: string;
  images: number[];
}

/** More groups than these are no groups. */
const MOST = 50;

/**
 * Groups of images, numbers in ascending order, words by the alphabet; images without a value come last.
 *
 * @param bounds inner bounds of numbers, ascending: a bound belongs to the group above it; default: thirds of the images
 * @example sliceImages('objects', [1, 7, 30], [6, 21]) // objects < 6, 6 <= objects < 21, objects >= 21
 */
export function sliceImages(
  name: string,
  values: readonly (string | number | undefined)[],
  bounds?: readonly number[],
): ImageSlice[] {
  const known = values.filter((value) => value !== undefined);
  const numeric = known.length > 0 && known.every((value) => typeof value === 'number');
  if (bounds && !numeric)
    throw new DetLabError(
      `Cannot slice by "${name}": bounds [${bounds}] are of numbers, received ${JSON.stringify(known[0])}`,
    );
  checkBounds(name, bounds);
  const groups = new Map<string, number[]>();
  const limits = numeric ? (bounds ?? thirds(known as number[])) : [];
  if (numeric) for (let k = 0; k <= limits.length; k++) groups.set(rangeName(name, limits, k), []);
  else for (const value of [...new Set(known.map(String))].sort()) groups.set(`${name} ${value}`, []);
  for (const [i, value] of values.entries()) {
    if (value === undefined) continue;
    const key = numeric
      ? rangeName(name, limits, limits.filter((limit) => (value as number) >= limit).length)
      : `${name} ${value}`;
    groups.get(key)!.push(i);
  }
  if (groups.size > MOST)
    throw new DetLabError(
      `Cannot slice by "${name}": it has ${groups.size} different values. Group them: { by: (image) => ..., name: "${name}" }`,
    );
  const without = [...values.keys()].filter((i) => values[i] === undefined);
  const slices = [...groups].map(([group, images]) => ({ name: group, images }));
  return without.length === 0 ? slices : [...slices, { name: `no ${name}`, images: without }];
}

/** @throws DetLabError for bounds that do not ascend */
export function checkBounds(name: string, bounds: readonly number[] = []): void {
  const falls = bounds.findIndex((bound, k) => !Number.isFinite(bound) || (k > 0 && bound <= bounds[k - 1]));
  if (falls < 0) return;
  throw new DetLabError(
    `Cannot slice by "${name}": expected ascending bounds, such as [6, 21], received ` +
      `${bounds[falls]}${falls > 0 ? ` after ${bounds[falls - 1]}` : ''}`,
  );
}

/** Values that divide the images into three parts of about the same number; fewer where values are equal. */
function thirds(values: readonly number[]): number[] {
  const sorted = [...values].sort((a, b) => a - b);
  const at = [1, 2].map((k) => sorted[Math.floor((k * sorted.length) / 3)]);
  return [...new Set(at)].filter((bound) => bound > sorted[0]);
}

function rangeName(name: string, limits: readonly number[], k: number): string {
  const text = (value: number) => Number(value.toPrecision(6)).toLocaleString('en');
  if (limits.length === 0) return name;
  if (k === 0) return `${name} < ${text(limits[0])}`;
  if (k === limits.length) return `${name} >= ${text(limits[k - 1])}`;
  return `${text(limits[k - 1])} <= ${name} < ${text(limits[k])}`;
}

/** Mean luma of an RGB or BGR image, 0 to 255 (ITU-R BT.601). */
export function brightnessOf({ data, order }: { data: ArrayLike<number>; order: 'rgb' | 'bgr' }): number {
  const [red, blue] = order === 'rgb' ? [0, 2] : [2, 0];
  let sum = 0;
  for (let i = 0; i < data.length; i += 3) sum += 0.299 * data[i + red] + 0.587 * data[i + 1] + 0.114 * data[i + blue];
  return data.length === 0 ? 0 : (3 * sum) / data.length;
}
