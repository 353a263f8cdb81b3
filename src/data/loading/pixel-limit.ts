// The largest image that is decoded: a damaged or hostile header would otherwise fill the memory.

import { DetLabError } from '../../errors';

/** 2^27 pixels are 400 MB of RGB. */
const MAX_PIXELS = 2 ** 27;

/** Pixels per image; `DETLAB_MAX_PIXELS` in the environment sets another number. */
export function pixelLimit(): number {
  const setting = process.env.DETLAB_MAX_PIXELS;
  if (setting === undefined || setting === '') return MAX_PIXELS;
  const limit = Number(setting);
  if (Number.isSafeInteger(limit) && limit > 0) return limit;
  throw new DetLabError(
    `Cannot use DETLAB_MAX_PIXELS="${setting}": expected a number of pixels, such as ${MAX_PIXELS}`,
  );
}

/** @throws DetLabError when an image is above the limit, with the limit and how to raise it */
export function requirePixels(width: number, height: number): void {
  const limit = pixelLimit();
  const pixels = width * height;
  if (pixels > limit)
    throw new DetLabError(
      `it has ${width} x ${height} = ${pixels.toLocaleString('en')} pixels, the limit is ${limit.toLocaleString('en')}. ` +
        `Reduce it or cut it into tiles, or raise the limit with DETLAB_MAX_PIXELS=${pixels} in the environment ` +
        `(${Math.ceil((pixels * 3) / 2 ** 20).toLocaleString('en')} MiB an image)`,
    );
}
