// Identities of what a model that tracks detects in the frames of a dataset: a tracker for each of its videos.

import type { Dataset } from '../../data';
import type { Detections } from '../../data/types';
import type { Detector } from '../../models/types';
import type { FoundInImage, FoundInImages } from './found-in-images';

/** Detections in the order of the records; those of a data set without videos stay as they are. */
export async function* trackedFrames(
  found: FoundInImages,
  { videos }: Dataset,
  { tracker: start, linkTracks }: Pick<Detector, 'tracker' | 'linkTracks'>,
): FoundInImages {
  if (!videos || !start) return yield* found;
  let [tracker, video] = [start(), ''];
  const held: FoundInImage[] = [];
  for await (const images of found) {
    const done: FoundInImage[] = [];
    for (const image of images ?? []) {
      const frame = 'kind' in image ? undefined : videos.get(image.imageId);
      if (frame && (frame.video !== video || frame.frame === 0)) {
        [tracker, video] = [start(), frame.video];
        done.push(...linked(held.splice(0), linkTracks));
      }
      if ('kind' in image) held.push(image);
      else {
        const { embeddings: _, image: __, ...untracked } = image.detections;
        held.push({ ...image, detections: tracker.track(image.detections), untracked });
      }
    }
    // tracks that are joined in the end wait for it
    if (!linkTracks) done.push(...held.splice(0));
    if (!images) return yield undefined;
    if (done.length > 0) yield done;
  }
  if (held.length > 0) yield linked(held, linkTracks);
}

function linked(held: FoundInImage[], link: Detector['linkTracks']): FoundInImage[] {
  return linkFrames(held, (one) => ('kind' in one ? undefined : one.detections), link);
}

/** Frames of a video with the ids of joined tracks; those without detections stay as they are. */
export function linkFrames<T>(
  frames: readonly T[],
  detectionsOf: (frame: T) => Detections | undefined,
  link: Detector['linkTracks'],
): T[] {
  if (!link) return [...frames];
  const joined = link(frames.map(detectionsOf).filter((detections) => detections !== undefined));
  let next = 0;
  return frames.map((frame) => (detectionsOf(frame) ? { ...frame, detections: joined[next++] } : frame));
}
