// Tubes: the masks of one object over the frames of a video. Their IoU is that of all their pixels in space and time (Yang, Fan and Xu,
// Video Instance Segmentation, ICCV 2019), a crowd's as any other.

import { ColumnMasks, type Rle, rleArea } from '../masks';
import type { ImageOverlaps } from './image-overlaps';

/** By frame; absent where the object is not seen. */
export type TubeMasks = ReadonlyMap<number, Rle>;

/** Mean of the areas above 0. */
export function meanArea(areas: readonly number[]): number {
  const seen = areas.filter((area) => area > 0);
  return seen.length === 0 ? 0 : seen.reduce((sum, area) => sum + area, 0) / seen.length;
}

/** What was found in a video and what is in it. */
export interface VideoTubes {
  found: readonly TubeMasks[];
  objects: readonly TubeMasks[];
}

/** IoUs and areas of the tubes of one video at a time; `images` of a metric are videos. */
export class TubeOverlaps implements ImageOverlaps {
  private readonly columns = new ColumnMasks();
  private video: VideoTubes = { found: [], objects: [] };
  /** Places of masks among the columns, by tube and frame. */
  private places: { found: ReadonlyMap<number, number>[]; objects: ReadonlyMap<number, number>[] } = this.none();

  constructor(private readonly videos: ReadonlyMap<number, VideoTubes>) {}

  private none() {
    return { found: [], objects: [] };
  }

  load(_: unknown, { imageId }: { imageId: number }): void {
    this.video = this.videos.get(imageId)!;
    this.columns.clear();
    const added = (tubes: readonly TubeMasks[]) =>
      tubes.map((masks) => new Map([...masks].map(([frame, mask]) => [frame, this.columns.add(mask)])));
    this.places = { found: added(this.video.found), objects: added(this.video.objects) };
  }

  area(detection: number): number {
    return meanArea([...this.video.found[detection].values()].map(rleArea));
  }

  overlap(detection: number, truth: number): number {
    const { columns, places } = this;
    const [own, other] = [places.found[detection], places.objects[truth]];
    let [shared, total] = [0, 0];
    for (const [frame, place] of own) {
      const against = other.get(frame);
      total += columns.area(place);
      if (against === undefined || columns.area(place) === 0) continue;
      // as a share of the first one's area
      const inside = Math.max(0, Math.round(columns.overlap(place, against, true) * columns.area(place)));
      shared += inside;
      total -= inside;
    }
    for (const place of other.values()) total += columns.area(place);
    return total > 0 ? shared / total : 0;
  }
}
