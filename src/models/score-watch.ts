// The class scores from which a head selects its detections, for whoever asks where a detection comes from. While `watchScores`
// runs, heads report them; otherwise nothing is computed.

import type * as tf from '@tensorflow/tfjs';

/** Candidates of the first image of a batch: priors, RoIs or queries. */
export interface WatchedScores {
  /** Class name of the head. */
  source: string;
  count: number;
  numClasses: number;
  /** Boxes of all candidates, were they of this class; xyxy in pixels of the network's input [count, 4]. */
  boxes(label: number): Float32Array;
  /** Probability that candidate `index` is of a class, before any factor; differentiable. */
  score(index: number, label: number): tf.Scalar;
}

type Watcher = (scores: WatchedScores) => void;
let current: Watcher | undefined;

/** Runs `f` while `watcher` receives the scores that heads report, the last stage's last. */
export function watchScores<T>(watcher: Watcher, f: () => T): T {
  const before = current;
  current = watcher;
  try {
    return f();
  } finally {
    current = before;
  }
}

/** @param make called only while somebody watches */
export function reportScores(make: () => WatchedScores): void {
  current?.(make());
}
