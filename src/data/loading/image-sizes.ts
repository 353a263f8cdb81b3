// The size of an image is that of its file. Annotations that say otherwise are reported when the file is opened; where an
// annotation says nothing, or something that its boxes contradict, the file is asked while the dataset loads.

import { BadData } from '../bad-data';
import type { DataProblem, ImageRecord } from '../types';
import { imageSize } from './decode';
import { taskQueue } from './task-queue';

/** Images whose annotated size is compared with that of their files in any case. */
const SAMPLED = 16;

/** Whether image `index` of `count` is one of those, which are spread evenly. */
export const isSampled = (index: number, count: number): boolean => index % Math.ceil(count / SAMPLED) === 0;

/** Files whose headers are read at a time. */
const AT_A_TIME = 8;

/** The problem of an image whose file is not as large as annotated. @param size [height, width] of the file */
export function sizeProblem(
  { id, path, width, height }: Pick<ImageRecord, 'path' | 'width' | 'height'> & { id: number | string },
  [fileHeight, fileWidth]: readonly [number, number],
): DataProblem | undefined {
  if (width === fileWidth && height === fileHeight) return undefined;
  const turned = width === fileHeight && height === fileWidth;
  return {
    kind: 'image-size',
    file: path,
    id,
    message:
      `Image "${path}" is ${fileWidth} x ${fileHeight} pixels, its annotation says ${width} x ${height}: the boxes are ` +
      `used as pixels of the file. Check them with data.grid(): they are wrong if the image was ${turned ? 'turned' : 'resized'} after annotation`,
  };
}

/**
 * The sizes of image files, from their headers; undefined for one that cannot be read, which is reported.
 *
 * @param images paths, and ids for the messages
 */
export async function fileSizes(
  images: readonly { path: string; id: number | string }[],
  problems: DataProblem[],
): Promise<({ width: number; height: number } | undefined)[]> {
  const queue = taskQueue(AT_A_TIME);
  const found = await Promise.all(
    images.map(({ path, id }) =>
      queue.run(async () => {
        try {
          return await imageSize(path, id);
        } catch (error) {
          if (error instanceof BadData) return error.problem;
          throw error;
        }
      }),
    ),
  );
  return found.map((size) => {
    if ('width' in size) return size;
    problems.push(size);
    return undefined;
  });
}
