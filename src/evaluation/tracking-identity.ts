// Identity: each object belongs to one track of the whole video, those that agree most (Ristani et al., ECCV workshops 2016).

import { linearAssignment } from '../geometry/linear-assignment';
import type { MeasuredSequence } from './tracking-sequence';

export interface IdentityCounts {
  IDTP: number;
  IDFN: number;
  IDFP: number;
}

/** Cost of a pair that is none. */
const FORBIDDEN = 1e10;

export function identityCounts(sequence: MeasuredSequence, threshold: number): IdentityCounts {
  const { frames, numObjects, numTracks, objectBoxes, trackBoxes } = sequence;
  if (trackBoxes === 0) return { IDTP: 0, IDFN: objectBoxes, IDFP: 0 };
  if (objectBoxes === 0) return { IDTP: 0, IDFN: 0, IDFP: trackBoxes };
  const together = new Float64Array(numObjects * numTracks);
  const [ofObject, ofTrack] = [new Float64Array(numObjects), new Float64Array(numTracks)];
  for (const { objects, tracks, similarity } of frames) {
    for (const [i, o] of objects.entries()) {
      ofObject[o]++;
      for (const [j, t] of tracks.entries()) if (similarity[i][j] >= threshold) together[o * numTracks + t]++;
    }
    for (const t of tracks) ofTrack[t]++;
  }
  // objects, then tracks alone, by tracks, then objects alone
  const size = numObjects + numTracks;
  const missed = new Float64Array(size * size);
  const wrong = new Float64Array(size * size);
  for (let o = 0; o < size; o++)
    for (let t = 0; t < size; t++) {
      const at = o * size + t;
      if (o < numObjects && t < numTracks) {
        missed[at] = ofObject[o] - together[o * numTracks + t];
        wrong[at] = ofTrack[t] - together[o * numTracks + t];
      } else if (o < numObjects) missed[at] = t - numTracks === o ? ofObject[o] : FORBIDDEN;
      else if (t < numTracks) wrong[at] = o - numObjects === t ? ofTrack[t] : FORBIDDEN;
    }
  const { rows, columns } = linearAssignment(
    missed.map((cost, at) => cost + wrong[at]),
    size,
    size,
  );
  const over = (costs: Float64Array) => rows.reduce((sum, row, k) => sum + costs[row * size + columns[k]], 0);
  const IDFN = over(missed);
  return { IDTP: objectBoxes - IDFN, IDFN, IDFP: over(wrong) };
}
