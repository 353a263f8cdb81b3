// Identities of the objects of a video, from the detections of its frames.

import { isProblem, type SourceProblem } from '../../data';
import type { Detector } from '../../models/types';
import { catalogue } from '../catalogue';
import type { DetectedImage } from './detect-images';
import { linkFrames } from './tracked-frames';

/** Options of a tracker; `type` is `ByteTracker` unless given. */
export type TrackOptions = true | ({ type?: string } & Record<string, unknown>);

/** A track that is lost for longer ends, unless the options say otherwise: as MMDetection's configs of ByteTrack. */
const RETAINED_FRAMES = 30;

/**
 * @param own of the model, unless options are given: its tracker, and how it joins the tracks of a source that ends
 * @throws DetLabError for an unknown tracker or option
 */
export async function* tracked(
  found: AsyncGenerator<DetectedImage | SourceProblem>,
  options: TrackOptions,
  own: Pick<Detector, 'tracker' | 'linkTracks'> = {},
): AsyncGenerator<DetectedImage | SourceProblem> {
  const given = options === true ? {} : options;
  const isOwn = options === true && own.tracker !== undefined;
  const config = { num_frames_retain: RETAINED_FRAMES, ...given, type: given.type ?? 'ByteTracker' };
  const tracker = isOwn ? own.tracker!() : catalogue.build('tracker', config, { path: 'track' })();
  const link = isOwn ? own.linkTracks : undefined;
  const held: (DetectedImage | SourceProblem)[] = [];
  for await (const one of found) {
    const frame = isProblem(one) ? one : { ...one, detections: tracker.track(one.detections) };
    if (link) held.push(frame);
    else yield frame;
  }
  yield* linkFrames(held, (one) => (isProblem(one) ? undefined : one.detections), link);
}
