// ByteTracker: gives the objects of a video identities, from the detections of frame after frame. Confident detections are
// matched to where the tracks should be, then those of low scores to what is left. Zhang et al., ByteTrack, ECCV 2022; equal
// to MMDetection 3.3.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import type { Detections } from '../../data/types';
import { BoxFilter } from './box-filter';
import { type FrameTrack, FrameTracks } from './frame-tracks';
import { above, boxOf, matchedPairs, pairCosts, stateOf } from './match-tracks';
import { score, type Tracker, trackerOptions } from './tracker';

const options = z.strictObject({
  motion: trackerOptions.motion,
  obj_score_thrs: z
    .strictObject({ high: score, low: score })
    .default({ high: 0.6, low: 0.1 })
    .describe('Scores above which detections are matched first, and second'),
  init_track_thr: trackerOptions.init_track_thr,
  weight_iou_with_det_scores: z.boolean().default(true).describe('Multiply the IoU of the first match by the score'),
  match_iou_thrs: z
    .strictObject({ high: score, low: score, tentative: score })
    .default({ high: 0.1, low: 0.5, tentative: 0.3 })
    .describe(
      'IoU from which on a detection is a track: of the first match, of the second, and of tracks to be confirmed',
    ),
  num_tentatives: trackerOptions.num_tentatives,
  num_frames_retain: trackerOptions.num_frames_retain,
});
type Options = z.output<typeof options>;

export const ByteTracker = defineModule({
  kind: 'tracker',
  type: 'ByteTracker',
  summary: 'Gives the objects of a video identities by where they move, also those of low scores',
  paper: 'Zhang et al., ByteTrack: Multi-Object Tracking by Associating Every Detection Box, ECCV 2022',
  shapes: 'detections of a frame -> those that are tracked, with ids',
  example: "{ type: 'ByteTracker', num_frames_retain: 30 }",
  options,
  build: (given): (() => Tracker) => {
    return () => new ByteTracks(given);
  },
});

interface Track extends FrameTrack {
  filter: BoxFilter;
  label: number;
}

class ByteTracks extends FrameTracks<Track, Options> {
  protected override match(detections: Detections): { index: number; track?: Track }[] {
    const { obj_score_thrs: scores, match_iou_thrs: overlaps, weight_iou_with_det_scores: weighted } = this.options;
    const first = above(detections.scores, scores.high);
    const second = above(detections.scores, scores.low).filter(
      (i) => !(detections.scores[i] > Math.fround(scores.high)),
    );
    const confirmed = this.tracks.filter(({ isTentative }) => !isTentative);
    for (const track of confirmed) {
      if (track.lastFrame !== this.frame - 1) track.filter.stopGrowing();
      track.filter.predict();
    }
    const found = new Map<number, Track>();
    const assign = (tracks: readonly Track[], indices: readonly number[], isWeighted: boolean, threshold: number) => {
      const boxes = tracks.map(({ filter, label }) => ({ box: boxOf(filter.box), label }));
      const costs = pairCosts(boxes, detections, indices, isWeighted);
      for (const [t, i] of matchedPairs(costs, tracks.length, indices.length, 1 - threshold))
        found.set(indices[i], tracks[t]);
    };
    assign(confirmed, first, weighted, overlaps.high);
    const matched = first.filter((i) => found.has(i));
    const unmatched = first.filter((i) => !found.has(i));
    const taken = new Set(found.values());
    assign(
      this.tracks.filter(({ isTentative }) => isTentative),
      unmatched,
      weighted,
      overlaps.tentative,
    );
    const lost = confirmed.filter((track) => !taken.has(track) && track.lastFrame === this.frame - 1);
    assign(lost, second, false, overlaps.low);
    return [...matched, ...unmatched, ...second.filter((i) => found.has(i))].map((index) => ({
      index,
      track: found.get(index),
    }));
  }

  protected override see({ bboxes, labels }: Detections, index: number, track?: Track): number {
    const box = stateOf(bboxes.subarray(4 * index, 4 * index + 4));
    if (track) {
      this.seenAgain(track);
      track.filter.update(box);
      return track.id;
    }
    const id = this.count++;
    this.tracks.push({
      id,
      filter: new BoxFilter(box),
      label: labels[index],
      seen: 1,
      lastFrame: this.frame,
      isTentative: this.frame > 0,
    });
    return id;
  }
}
