// The order of MMDetection's MultiSourceSampler and GroupMultiSourceSampler: every batch has so many images of each of several joined
// data sets, each of which is gone through again and again for itself; grouped, all images of a batch are portraits or all are
// landscapes. Unlike there, a data set without images of a group gives others (the reference never ends), and a resumed run goes on
// where it was.

import type { Random } from '../../random';
import type { OrderedImages, OrderedSample, Shard } from './ordered-sample';
import { streamFor } from './random-streams';

export interface MultiSource {
  /** Where the data sets begin among the images, and the end of the last. */
  starts: Int32Array; // [data sets + 1]
  /** Images of each data set in a batch. */
  counts: readonly number[];
  /** Whether portraits (width < height) and landscapes are in batches of their own. */
  isGrouped: boolean;
}

interface MultiSourceOptions {
  multiSource: MultiSource;
  seed: number;
  /** Whether each data set is shuffled anew whenever it begins again. */
  shuffle: boolean;
  shard?: Shard;
}

/** The data set that an image is of. */
export const sourceOf = ({ starts }: MultiSource, index: number): number =>
  starts.findLastIndex((start) => start <= index);

/** The images of a batch by the shares of the data sets: those of all but the first are rounded down, as in MMDetection. */
export function countsOf(batchSize: number, ratio: readonly number[]): number[] {
  const sum = ratio.reduce((a, b) => a + b, 0);
  const [, ...others] = ratio.map((share) => Math.floor((batchSize * share) / sum));
  return [batchSize - others.reduce((a, b) => a + b, 0), ...others];
}

/** Draws of a stream of their own each, beside those of images. */
const STREAM = -3;

export function multiSourceOrder(
  images: OrderedImages,
  epoch: number,
  batches: number,
  { multiSource, seed, shuffle, shard = { rank: 0, size: 1 } }: MultiSourceOptions,
): OrderedSample[][] {
  const { counts, isGrouped } = multiSource;
  const groups = isGrouped ? groupsOf(images, multiSource) : [listsOf(multiSource)];
  const total = groups.flat().reduce((sum, { length }) => sum + length, 0);
  const shares = groups.map((lists) => lists.reduce((sum, { length }) => sum + length, 0) / total);
  const draws = streamFor(seed, STREAM);
  const made = groups.map(() => 0); // batches of each group before this one
  const orders = new Map<string, { turn: number; order: Int32Array }>();
  const result: OrderedSample[][] = [];
  for (let at = 0; at < (epoch + 1) * batches; at++) {
    const group = isGrouped ? drawGroup(shares, draws) : 0;
    const before = made[group]++;
    if (at < epoch * batches) continue;
    const batch = counts.flatMap((count, source) => {
      const list =
        groups[group][source].length > 0 ? groups[group][source] : groups.find((g) => g[source].length > 0)![source];
      return Array.from({ length: count }, (_, k): OrderedSample => {
        const place = (before * count + k) * shard.size + shard.rank;
        const turn = Math.floor(place / list.length);
        const key = `${group} ${source}`;
        let known = orders.get(key);
        if (known?.turn !== turn) {
          const order = shuffle ? streamFor(seed, STREAM, group, source, turn).permutation(list.length) : undefined;
          known = { turn, order: order ?? Int32Array.from({ length: list.length }, (_, i) => i) };
          orders.set(key, known);
        }
        // where another group's images are given, the same turn of it draws them too
        return { index: list[known.order[place % list.length]], pass: groups.length * turn + group };
      });
    });
    result.push(batch);
  }
  return result;
}

function drawGroup(shares: readonly number[], random: Random): number {
  let left = random.uniform();
  const drawn = shares.findIndex((share) => (left -= share) < 0);
  return drawn < 0 ? shares.findLastIndex((share) => share > 0) : drawn;
}

/** Of each data set, the indices of its images. */
const listsOf = ({ starts, counts }: MultiSource): Int32Array[] =>
  counts.map((_, source) =>
    Int32Array.from({ length: starts[source + 1] - starts[source] }, (_, i) => starts[source] + i),
  );

/** Portraits, then landscapes. */
const groupsOf = (images: OrderedImages, source: MultiSource): Int32Array[][] =>
  [true, false].map((upright) =>
    listsOf(source).map((list) => list.filter((index) => images.upright(index) === upright)),
  );
