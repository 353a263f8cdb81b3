// HOTA: how well objects are found and how well their identities are kept, alike, over IoUs from 0.05 to 0.95 (Luiten et al., IJCV
// 2021). Numbers of TrackEval.

import { bestPairs, EPSILON, type MeasuredSequence } from './tracking-sequence';

export const HOTA_ALPHAS = Array.from({ length: 19 }, (_, i) => 0.05 + i * 0.05);

/** By alpha. */
export interface HotaCounts {
  TP: number[];
  FN: number[];
  FP: number[];
  /** Sum of the association of every match. */
  association: number[];
}

export interface HotaValues {
  HOTA: number;
  AssA: number;
  DetA: number;
}

const zeros = () => HOTA_ALPHAS.map(() => 0);

export function hotaCounts(sequence: MeasuredSequence): HotaCounts {
  const { frames, numTracks, numObjects, objectBoxes, trackBoxes } = sequence;
  const counts: HotaCounts = { TP: zeros(), FN: zeros(), FP: zeros(), association: zeros() };
  if (trackBoxes === 0) return { ...counts, FN: counts.FN.fill(objectBoxes) };
  if (objectBoxes === 0) return { ...counts, FP: counts.FP.fill(trackBoxes) };
  const { alignment, ofObject, ofTrack } = alignments(sequence);
  const matches = HOTA_ALPHAS.map(() => new Float64Array(numObjects * numTracks));
  for (const { objects, tracks, similarity } of frames) {
    const scores = similarity.map((row, i) => row.map((iou, j) => alignment[objects[i] * numTracks + tracks[j]] * iou));
    const pairs = bestPairs(scores, tracks.length);
    for (const [a, alpha] of HOTA_ALPHAS.entries()) {
      const met = pairs.filter(([i, j]) => similarity[i][j] >= alpha - EPSILON);
      counts.TP[a] += met.length;
      counts.FN[a] += objects.length - met.length;
      counts.FP[a] += tracks.length - met.length;
      for (const [i, j] of met) matches[a][objects[i] * numTracks + tracks[j]]++;
    }
  }
  for (const [a, times] of matches.entries())
    for (let o = 0; o < numObjects; o++)
      for (let t = 0; t < numTracks; t++) {
        const n = times[o * numTracks + t];
        if (n > 0) counts.association[a] += (n * n) / Math.max(1, ofObject[o] + ofTrack[t] - n);
      }
  return counts;
}

/** How much of an object and a track is one, over the video: its soft Jaccard index. */
function alignments({ frames, numObjects, numTracks }: MeasuredSequence) {
  const together = new Float64Array(numObjects * numTracks);
  const [ofObject, ofTrack] = [new Float64Array(numObjects), new Float64Array(numTracks)];
  for (const { objects, tracks, similarity } of frames) {
    const ofColumn = tracks.map((_, j) => similarity.reduce((sum, row) => sum + row[j], 0));
    for (const [i, o] of objects.entries()) {
      const ofRow = similarity[i].reduce((sum, iou) => sum + iou, 0);
      ofObject[o]++;
      for (const [j, t] of tracks.entries()) {
        const iou = similarity[i][j];
        const union = ofColumn[j] + ofRow - iou;
        if (union > EPSILON) together[o * numTracks + t] += iou / union;
      }
    }
    for (const t of tracks) ofTrack[t]++;
  }
  const alignment = together.map((n, at) => n / (ofObject[Math.floor(at / numTracks)] + ofTrack[at % numTracks] - n));
  return { alignment, ofObject, ofTrack };
}

/** Means over the IoUs. */
export function hotaValues(sequences: readonly HotaCounts[]): HotaValues {
  const total = (key: keyof HotaCounts, a: number) => sequences.reduce((sum, counts) => sum + counts[key][a], 0);
  const values = HOTA_ALPHAS.map((_, a) => {
    const [TP, FN, FP] = [total('TP', a), total('FN', a), total('FP', a)];
    const AssA = total('association', a) / Math.max(1, TP);
    const DetA = TP / Math.max(1, TP + FN + FP);
    return { AssA, DetA, HOTA: Math.sqrt(AssA * DetA) };
  });
  const mean = (key: keyof HotaValues) => values.reduce((sum, one) => sum + one[key], 0) / values.length;
  return { HOTA: mean('HOTA'), AssA: mean('AssA'), DetA: mean('DetA') };
}
