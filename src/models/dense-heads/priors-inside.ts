// Priors that may be assigned: those on the image rather than on the padding of the batch, within a border around it.

import type { PriorGenerator, Size } from '../task-modules';

/**
 * Indices of the priors on the padded image that reach out of the image by at most `border` pixels (any with a negative
 * border); undefined when those are all.
 */
export function priorsInside(
  generator: PriorGenerator,
  priors: Float32Array,
  sizes: Size[],
  padShape: Size,
  [height, width]: Size,
  border: number,
): Int32Array | undefined {
  const covered = sizes.every(
    ([h, w], i) =>
      Math.ceil(padShape[0] / generator.strides[i][1]) >= h && Math.ceil(padShape[1] / generator.strides[i][0]) >= w,
  );
  if (covered && border < 0) return undefined;
  const inside = new Int32Array(priors.length / 4);
  let count = 0;
  let index = 0;
  for (const flags of generator.validFlags(sizes, padShape))
    for (const valid of flags) {
      const at = 4 * index;
      const within =
        border < 0 ||
        (priors[at] >= -border &&
          priors[at + 1] >= -border &&
          priors[at + 2] < width + border &&
          priors[at + 3] < height + border);
      if (valid && within) inside[count++] = index;
      index++;
    }
  return inside.slice(0, count);
}
