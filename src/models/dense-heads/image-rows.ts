// Parts of flat arrays that hold a table [N, T, K]: those of one image, those of one level.

/** The part of image `image` of `images`, a view. */
export function imageRows<A extends Float32Array | Int32Array>(values: A, image: number, images: number): A {
  const size = values.length / images;
  return values.subarray(image * size, (image + 1) * size) as A;
}

/** [start, end) of each level among the T priors of an image. */
export function levelSpans(counts: readonly number[]): [start: number, end: number][] {
  let start = 0;
  return counts.map((count) => [start, (start += count)]);
}
