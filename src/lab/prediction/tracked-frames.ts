// Identities of what a model that tracks detects in the frames of a dataset: a tracker for each of its videos.

import type { Dataset } from '../../data';
import type { Detector } from '../../models/types';
import type { FoundInImages } from './found-in-images';

/** Detections in the order of the records; those of a data set without videos stay as they are. */
export async function* trackedFrames(
  found: FoundInImages,
  { videos }: Dataset,
  { tracker: start }: Pick<Detector, 'tracker'>,
): FoundInImages {
  if (!videos || !start) return yield* found;
  let [tracker, video] = [start(), ''];
  for await (const images of found)
    yield images?.map((image) => {
      if ('kind' in image) return image;
      const frame = videos.get(image.imageId);
      if (frame && (frame.video !== video || frame.frame === 0)) [tracker, video] = [start(), frame.video];
      return { ...image, detections: tracker.track(image.detections), untracked: image.detections };
    });
}
