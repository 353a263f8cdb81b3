// The classes above each class of a dataset: OpenImages' hierarchy, or that of the supercategories of a COCO file.

import type { Dataset } from '../data/types';

/** Of each label, the labels of the classes above it, ascending. */
export function ancestorsOf({ classes, categories = [], ancestors }: Dataset): readonly (readonly number[])[] {
  if (ancestors) return ancestors;
  const parents = classes.map((_, label) => {
    const above = categories.find((category) => category.label === label)?.supercategory;
    return above === undefined ? -1 : classes.indexOf(above);
  });
  return classes.map((_, label) => {
    const found = new Set<number>();
    for (let parent = parents[label]; parent >= 0 && parent !== label && !found.has(parent); parent = parents[parent])
      found.add(parent);
    return [...found].sort((a, b) => a - b);
  });
}
