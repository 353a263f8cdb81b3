// A second stage as its parts, for programs that run the network without it.

import type { RCNNTestCfg } from './roi-detections';
import type { RoIPooler } from './roi-pooler';
import type { BoxHead, MaskHead } from './types';

/** What a second stage is made of, for programs that cannot call it. */
export interface RoIHeadParts {
  /** One after the other, each from the boxes of the one before; scores before softmax are averaged over them. */
  stages: readonly { pooler: RoIPooler; head: BoxHead }[];
  /** Mask heads, whose probabilities are averaged. */
  masks: readonly { pooler: RoIPooler; head: MaskHead }[];
  cfg: RCNNTestCfg;
}
