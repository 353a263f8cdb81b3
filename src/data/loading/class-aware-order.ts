// The order of MMDetection's ClassAwareSampler: classes in turn, of each some of its images, so that rare classes are seen as often as
// frequent ones (Shen et al., Relay Backpropagation, ECCV 2016). An epoch has as many samples as there are images.

import type { Random } from '../../random';

export interface ClassAware {
  /** Images drawn from a class before the next. */
  perClass: number;
  /** Of each class, the indices of the images that have it. */
  images: readonly Int32Array[];
}

/** The images of each of `classes` classes. */
export function imagesByClass(records: readonly { truths: { labels: Int32Array } }[], classes: number): Int32Array[] {
  const lists = Array.from({ length: classes }, (): number[] => []);
  for (const [i, { truths }] of records.entries()) for (const label of new Set(truths.labels)) lists[label].push(i);
  return lists.map((list) => Int32Array.from(list));
}

/** Draws all of a list in random order, again and again. */
function cycle(list: Int32Array, random: Random): () => number {
  let order = random.permutation(list.length);
  let next = 0;
  return () => {
    if (next === list.length) {
      order = random.permutation(list.length);
      next = 0;
    }
    return list[order[next++]];
  };
}

export function classAwareOrder(count: number, { perClass, images }: ClassAware, random: Random): Int32Array {
  const present = Int32Array.from(images.keys()).filter((label) => images[label].length > 0);
  if (present.length === 0) return random.permutation(count);
  const nextClass = cycle(present, random);
  const nextImage = new Map(Array.from(present, (label) => [label, cycle(images[label], random)]));
  const order = new Int32Array(count);
  for (let at = 0; at < count; ) {
    const draw = nextImage.get(nextClass())!;
    for (let k = 0; k < perClass && at < count; k++) order[at++] = draw();
  }
  return order;
}
