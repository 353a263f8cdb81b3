// The sizes of a CustomSampleSizeSampler for the images that a run has: those of each data set of a ConcatDataset, after filters.

import type { ConfigObject } from '../config';
import { type Dataset, type ImageRecord, type SampleSizes, sampleSizeTotal } from '../data';
import { DetLabError } from '../errors';

const PLACE = 'train_dataloader.sampler.dataset_size';
const INSTEAD = "Or take all images: train_dataloader.sampler: { _delete_: true, type: 'DefaultSampler' }";

/**
 * @param data its parts are the data sets that were joined
 * @param used the images of an epoch, some of them several times
 * @throws DetLabError for data sets of another number, or with fewer images than are to be drawn
 */
export function sampleSizes(
  { dataset_size: given, ratio_mode: isRatio = false }: ConfigObject,
  { name, parts }: Dataset,
  used: readonly ImageRecord[],
): SampleSizes {
  const asked = Array.isArray(given) ? given.map(Number) : [];
  if (!parts || parts.length !== asked.length)
    throw new DetLabError(
      `Cannot draw images by ${PLACE}: expected ${asked.length} data sets in a ConcatDataset, one for each size; ` +
        `received ${parts ? parts.length : 1}, "${name}". ${INSTEAD}`,
    );
  const partOf = new Map(parts.flatMap(({ records }, i) => records.map(({ id }): [number, number] => [id, i])));
  const lists = parts.map((): number[] => []);
  for (const [i, { id }] of used.entries()) lists[partOf.get(id) ?? 0].push(i);
  const images = lists.map((list) => Int32Array.from(list));
  const sizes = asked.map((size, i) => sizeOf(size, isRatio === true, images[i].length, parts[i].name, i));
  if (sampleSizeTotal({ images, sizes }) > 0) return { images, sizes };
  throw new DetLabError(
    `Cannot draw images by ${PLACE}: it asks for none of "${name}", received [${asked.join(', ')}]`,
  );
}

function sizeOf(size: number, isRatio: boolean, length: number, name: string, i: number): number {
  if (size === -1) return size;
  const count = isRatio ? Math.floor(size * length) : size;
  if (Number.isInteger(count) && count <= length) return count;
  throw new DetLabError(
    `Cannot draw images by ${PLACE}.${i}: expected ${isRatio ? 'a share from 0 to 1' : `an integer up to ${length}`}, as ` +
      `"${name}" has ${length} images; received ${size}. ${isRatio ? '' : 'ratio_mode: true reads it as a share. '}${INSTEAD}`,
  );
}
