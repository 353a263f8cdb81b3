// OCSORTTracker: trusts what was observed more than what the Kalman filter expects. Pairs are weighed by the direction in which an
// object was seen to move, tracks that match nothing are looked for where they were last seen, and the filter of one that is
// found again is led along the line between. Cao et al., Observation-Centric SORT, CVPR 2023; equal to MMDetection 3.3, whose filter
// takes every box twice (OCSORTTracker.update_track and the one that it calls): the published values are of that.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { BoxFilter } from './box-filter';
import { type FrameTrack, FrameTracks } from './frame-tracks';
import { above, boxOf, matchedPairs, pairCosts, stateOf } from './match-tracks';
import { score, type Tracker, trackerOptions } from './tracker';

const options = z.strictObject({
  motion: trackerOptions.motion,
  obj_score_thr: score.default(0.3).describe('Score above which detections are matched'),
  init_track_thr: trackerOptions.init_track_thr,
  weight_iou_with_det_scores: z.boolean().default(true).describe('Multiply the IoU of a pair by the score'),
  match_iou_thr: score.default(0.3).describe('IoU from which on a detection is a track'),
  num_tentatives: trackerOptions.num_tentatives,
  vel_consist_weight: z
    .number()
    .min(0)
    .default(0.2)
    .describe('Weight of the angle between the direction of a track and the way to a detection'),
  vel_delta_t: z.int().positive().default(3).describe('Frames over which the direction of a track is observed'),
  num_frames_retain: trackerOptions.num_frames_retain,
});
type Options = z.output<typeof options>;

export const OCSORTTracker = defineModule({
  kind: 'tracker',
  type: 'OCSORTTracker',
  summary: 'Gives the objects of a video identities by where they were seen to move',
  paper: 'Cao et al., Observation-Centric SORT: Rethinking SORT for Robust Multi-Object Tracking, CVPR 2023',
  shapes: 'detections of a frame -> those that are tracked, with ids',
  example: "{ type: 'OCSORTTracker', num_frames_retain: 30 }",
  options,
  build: (given): (() => Tracker) => {
    return () => new ObservedTracks(given);
  },
});

type Box = Float32Array;

interface Track extends FrameTrack {
  filter: BoxFilter;
  /** As it was when the object was last seen, before it was predicted. */
  seenFilter: BoxFilter;
  label: number;
  /** By frame with detections, since it began; undefined where it was lost. */
  observed: (Box | undefined)[];
  /** Unit vector y, x; undefined until it was seen twice. */
  direction?: [number, number];
}

class ObservedTracks extends FrameTracks<Track, Options> {
  protected override match(detections: Detections): { index: number; track?: Track }[] {
    const indices = above(detections.scores, this.options.obj_score_thr);
    const confirmed = this.tracks.filter(({ isTentative }) => !isTentative);
    for (const track of confirmed) {
      if (track.lastFrame !== this.frame - 1) track.filter.stopGrowing();
      if (track.observed.at(-1)) track.seenFilter = track.filter.clone();
      track.filter.predict();
    }
    const found = new Map<number, Track>();
    const order: number[] = [];
    const assign = (tracks: readonly Track[], costsOf: typeof this.costsOfMotion) => {
      const left = indices.filter((i) => !found.has(i));
      const costs = costsOf.call(this, tracks, detections, left);
      for (const [t, i] of matchedPairs(costs, tracks.length, left.length, 1 - this.options.match_iou_thr))
        found.set(left[i], tracks[t]);
      order.push(...left.filter((i) => found.has(i)));
    };
    assign(confirmed, this.costsOfMotion);
    assign(
      this.tracks.filter(({ isTentative }) => isTentative),
      this.costsOfMotion,
    );
    const taken = new Set(found.values());
    assign(
      this.tracks.filter((track) => !taken.has(track)),
      this.costsOfLastSeen,
    );
    for (const [index, track] of found) if (!track.observed.at(-1)) lead(track, boxAt(detections, index));
    const continued = new Set(found.values());
    for (const track of this.tracks) if (!continued.has(track)) track.observed.push(undefined);
    return [...order, ...indices.filter((i) => !found.has(i))].map((index) => ({ index, track: found.get(index) }));
  }

  /** Overlap with where a track is expected, less for a detection that lies in its direction. */
  private costsOfMotion(tracks: readonly Track[], detections: Detections, indices: readonly number[]): Float32Array {
    const { weight_iou_with_det_scores: isWeighted, vel_consist_weight: weight } = this.options;
    const expected = tracks.map(({ filter, label }) => ({ box: boxOf(filter.box), label }));
    const costs = pairCosts(expected, detections, indices, isWeighted);
    for (const [t, { direction, observed }] of tracks.entries()) {
      if (!direction) continue;
      const from = this.observedBefore(observed);
      for (const [i, index] of indices.entries()) {
        const [y, x] = way(from, boxAt(detections, index));
        const cosine = f(f(y * f(direction[0])) + f(x * f(direction[1])));
        const angle = f(Math.acos(Math.min(Math.max(cosine, -1), 1)));
        costs[t * indices.length + i] += f(f(f(angle - f(Math.PI / 2)) / f(Math.PI)) * f(weight));
      }
    }
    return costs;
  }

  /** Overlap with where a track was last seen. */
  private costsOfLastSeen(tracks: readonly Track[], detections: Detections, indices: readonly number[]): Float32Array {
    const seen = tracks.map(({ observed, label }) => ({ box: lastOf(observed), label }));
    return pairCosts(seen, detections, indices, this.options.weight_iou_with_det_scores);
  }

  /** The box `vel_delta_t` frames before the last, or the last one where there is none. */
  private observedBefore(observed: Track['observed']): Box {
    return observed[observed.length - 1 - this.options.vel_delta_t] ?? lastOf(observed);
  }

  protected override see(detections: Detections, index: number, track?: Track): number {
    const box = boxAt(detections, index);
    if (track) {
      this.seenAgain(track);
      track.filter.update(stateOf(box));
      track.filter.update(stateOf(box)); // as the reference: see above
      track.observed.push(box);
      const from = this.observedBefore(track.observed);
      // a box that is mostly left of or above the image counts as none
      track.direction = sum(from) < 0 || sum(box) < 0 ? undefined : way(from, box);
      return track.id;
    }
    const filter = new BoxFilter(stateOf(box));
    const [id, isTentative] = [this.count++, this.frame > 0];
    const fresh = { id, filter, seenFilter: filter, label: detections.labels[index], isTentative };
    this.tracks.push({ ...fresh, seen: 1, lastFrame: this.frame, observed: [box] });
    return id;
  }
}

const f = Math.fround;
const boxAt = ({ bboxes }: Detections, index: number): Box => bboxes.slice(4 * index, 4 * index + 4);
const sum = (box: Box): number => f(f(f(box[0] + box[1]) + box[2]) + box[3]);
const lastOf = (observed: Track['observed']): Box => observed.findLast((box) => box !== undefined) as Box;

/** The direction from the centre of a box to that of another, [y, x]. */
function way(a: Box, b: Box): [number, number] {
  const centre = (box: Box, k: number) => f(f(box[k] + box[k + 2]) / 2);
  const [y, x] = [f(centre(b, 1) - centre(a, 1)), f(centre(b, 0) - centre(a, 0))];
  const length = f(f(Math.sqrt(f(f(y * y) + f(x * x)))) + f(1e-6));
  return [f(y / length), f(x / length)];
}

/** The filter of a track that is found again goes along the line from where it was lost. */
function lead(track: Track, to: Box): void {
  const from = lastOf(track.observed);
  const lost = track.observed.length - 1 - track.observed.lastIndexOf(from);
  const step = from.map((v, k) => f(to[k] - v) / (lost + 1));
  track.filter = track.seenFilter.clone();
  for (let i = 1; i <= lost; i++) track.filter.update(stateOf(from.map((v, k) => v + f(i * step[k]))));
}
