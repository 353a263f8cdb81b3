// Frames of a video that a model reads together (Mask2FormerVideo): which of a dataset they are, and the ids of what is found in them.

import type { Dataset, Detections, PackedSample, Shard } from '../../data';
import type { Detector } from '../../models/types';

type Videos = NonNullable<Dataset['videos']>;

/** Of a model that predicts clips whole videos. */
export function recordsOfRank(
  { records }: Dataset,
  { rank, size }: Shard,
  clips: Videos | undefined,
): Dataset['records'] {
  if (!clips) return records.filter((_, i) => i % size === rank);
  const names = [...new Set(records.map(({ id }) => clips.get(id)?.video))];
  return records.filter(({ id }) => names.indexOf(clips.get(id)?.video) % size === rank);
}

/** Batches as they are; of a model that predicts clips the frames of each video, or each image alone. */
export async function* clipsOf(
  batches: AsyncIterable<PackedSample[]>,
  { predictsClips }: Detector,
  videos: Videos | undefined,
): AsyncGenerator<PackedSample[]> {
  if (!predictsClips) return yield* batches;
  const clip: PackedSample[] = [];
  let video: string | undefined;
  for await (const batch of batches)
    for (const sample of batch) {
      const frame = videos?.get(sample.meta.imgId);
      if (clip.length > 0 && (!frame || frame.video !== video || frame.frame === 0)) yield clip.splice(0);
      video = frame?.video;
      clip.push(sample);
    }
  if (clip.length > 0) yield clip;
}

/** Objects of two clips are not known to be one; MMDetection numbers those of every clip from 0, so that ids of clips coincide. */
export function idsThatGoOn(): (clip: Detections[]) => Detections[] {
  let next = 0;
  return (clip) => {
    const start = next;
    const moved = clip.map(({ instanceIds, ...found }) => ({
      ...found,
      instanceIds: instanceIds?.map((id) => id + start),
    }));
    next = moved.reduce((most, { instanceIds }) => Math.max(most, 1 + Math.max(-1, ...(instanceIds ?? []))), start);
    return moved;
  };
}

export const withoutIds = (found: Detections[]): Detections[] =>
  found.map(({ instanceIds: _, ...detections }) => detections);
