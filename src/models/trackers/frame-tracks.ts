// The tracks of a video, frame by frame: matched detections continue theirs, others begin one, lost ones end. How they are matched is
// up to the tracker.

import { takeInstances } from '../../data/instances';
import type { Detections } from '../../data/types';
import { above } from './match-tracks';
import type { Tracker } from './tracker';

export interface FrameTrack {
  id: number;
  /** Frames in which it was seen. */
  seen: number;
  lastFrame: number;
  isTentative: boolean;
}

interface FrameOptions {
  init_track_thr: number;
  num_tentatives: number;
  num_frames_retain: number;
}

export abstract class FrameTracks<Track extends FrameTrack, Options extends FrameOptions> implements Tracker {
  protected tracks: Track[] = [];
  protected frame = -1;
  protected count = 0;

  constructor(protected readonly options: Options) {}

  /** Detections in the order of the matches, each with its track, if it has one already. */
  protected abstract match(detections: Detections): { index: number; track?: Track }[];

  /** Adds a detection to its track, or begins one; returns the id. */
  protected abstract see(detections: Detections, index: number, track?: Track): number;

  track(detections: Detections): Detections {
    this.frame++;
    const { init_track_thr, num_frames_retain } = this.options;
    const matches =
      this.tracks.length === 0 || detections.scores.length === 0
        ? above(detections.scores, init_track_thr).map((index) => ({ index, track: undefined }))
        : this.match(detections);
    const ids = matches.map(({ index, track }) => this.see(detections, index, track));
    this.tracks = continuing(this.tracks, this.frame, num_frames_retain);
    const kept = takeInstances(
      detections,
      matches.map(({ index }) => index),
    );
    return { ...kept, instanceIds: Int32Array.from(ids) };
  }

  protected seenAgain(track: Track): void {
    track.seen++;
    track.lastFrame = this.frame;
    if (track.seen >= this.options.num_tentatives) track.isTentative = false;
  }
}

/** Without the tracks that are lost for long, or were not confirmed at once. */
export const continuing = <Track extends Pick<FrameTrack, 'lastFrame' | 'isTentative'>>(
  tracks: readonly Track[],
  frame: number,
  retained: number,
): Track[] =>
  tracks.filter(({ lastFrame, isTentative }) => frame - lastFrame < retained && !(isTentative && lastFrame !== frame));
