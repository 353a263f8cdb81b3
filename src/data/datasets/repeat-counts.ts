// LVIS's repeat factors: how often the images of rare classes are shown in an epoch.

/** Share of the images that have an object of each class, by label. */
export function imageFrequencies(images: readonly ReadonlySet<number>[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const labels of images) for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return new Map([...counts].map(([label, n]) => [label, n / images.length]));
}

/**
 * How often each image is in an epoch: ceil(max over its classes c of max(1, sqrt(threshold / frequency(c)))), as in mmengine's
 * ClassBalancedDataset (Gupta et al., LVIS, CVPR 2019).
 *
 * @param images the classes of each, by label
 */
export function repeatCounts(images: readonly ReadonlySet<number>[], threshold: number): number[] {
  const frequencies = imageFrequencies(images);
  const factor = (label: number) => Math.sqrt(threshold / (frequencies.get(label) ?? 1));
  return images.map((labels) => Math.ceil(Math.max(1, ...[...labels].map(factor))));
}
