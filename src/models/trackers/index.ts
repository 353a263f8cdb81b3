// Every tracker of the catalogue.

import type { AnyDefinition } from '../../catalogue/registry';
import { ByteTracker } from './byte-tracker';
import { MaskTrackRCNNTracker } from './mask-track-rcnn-tracker';
import { OCSORTTracker } from './ocsort-tracker';
import { QuasiDenseTracker } from './quasi-dense-tracker';

export { ByteTracker } from './byte-tracker';
export { OCSORTTracker } from './ocsort-tracker';
export type { Tracker } from './tracker';

export const trackers = [
  ByteTracker,
  OCSORTTracker,
  MaskTrackRCNNTracker,
  QuasiDenseTracker,
] as const satisfies readonly AnyDefinition[];
