// An evaluation inside a run of several processes: each detects on its part of the images, rank 0 measures all of them in the
// order of the dataset. No image counts twice.

import { deserialize, serialize } from 'node:v8';
import type { ConfigObject } from '../../config';
import type { Dataset } from '../../data';
import type { Detector } from '../../models/types';
import type { Ranks } from '../../training/ranks/ranks';
import { batchDetections, type EvaluateOptions, evaluateDetections } from '../evaluate';
import type { FoundInImage, FoundInImages } from '../prediction/found-in-images';
import { trackedFrames } from '../prediction/tracked-frames';
import type { Report } from '../report';

/** @returns undefined on all ranks but rank 0, and where the ranks have stopped */
export async function evaluateInRanks(
  detector: Detector,
  data: Dataset,
  config: ConfigObject,
  options: EvaluateOptions,
  ranks: Ranks,
): Promise<Report | undefined> {
  const { rank, size } = ranks;
  const { onProgress, signal } = options;
  await ranks.shareBuffers(detector);
  const found: FoundInImage[] = [];
  const total = data.records.length;
  for await (const images of batchDetections(detector, data, config, { ...options, shard: { rank, size } })) {
    if (!images) break;
    found.push(...images);
    onProgress?.(Math.min(found.length * size, total), total);
  }
  const { stops } = await ranks.stopsOrEnds(signal?.aborted === true);
  if (stops) return undefined;
  const all = await ranks.gather(serialize(found));
  if (!ranks.isFirst) return undefined;
  const merged = inOrder(
    all.flatMap((bytes) => deserialize(bytes) as FoundInImage[]),
    data,
  );
  async function* whole(): FoundInImages {
    yield merged;
  }
  return evaluateDetections(trackedFrames(whole(), data, detector), data, config, {
    ...options,
    signal: undefined,
    onProgress: undefined,
  });
}

/** In the order of the dataset, what could not be read last. */
function inOrder(found: FoundInImage[], { records }: Dataset): FoundInImage[] {
  const places = new Map(records.map(({ id }, i) => [id, i]));
  const place = (image: FoundInImage) => ('kind' in image ? records.length : (places.get(image.imageId) ?? 0));
  return found.toSorted((a, b) => place(a) - place(b));
}
