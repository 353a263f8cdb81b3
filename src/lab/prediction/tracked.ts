// Identities of the objects of a video, from the detections of its frames.

import { isProblem, type SourceProblem } from '../../data';
import type { Detector } from '../../models/types';
import { catalogue } from '../catalogue';
import type { DetectedImage } from './detect-images';

/** Options of a tracker; `type` is `ByteTracker` unless given. */
export type TrackOptions = true | ({ type?: string } & Record<string, unknown>);

/** A track that is lost for longer ends, unless the options say otherwise: as MMDetection's configs of ByteTrack. */
const RETAINED_FRAMES = 30;

/**
 * @param own tracker of the model, unless options are given
 * @throws DetLabError for an unknown tracker or option
 */
export async function* tracked(
  found: AsyncGenerator<DetectedImage | SourceProblem>,
  options: TrackOptions,
  own?: Detector['tracker'],
): AsyncGenerator<DetectedImage | SourceProblem> {
  const given = options === true ? {} : options;
  const config = { num_frames_retain: RETAINED_FRAMES, ...given, type: given.type ?? 'ByteTracker' };
  const tracker = options === true && own ? own() : catalogue.build('tracker', config, { path: 'track' })();
  for await (const one of found) yield isProblem(one) ? one : { ...one, detections: tracker.track(one.detections) };
}
