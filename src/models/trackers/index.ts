// Every tracker of the catalogue.

import type { AnyDefinition } from '../../catalogue/registry';
import { ByteTracker } from './byte-tracker';
import { MaskTrackRCNNTracker } from './mask-track-rcnn-tracker';
import { OCSORTTracker } from './ocsort-tracker';
import { QuasiDenseTracker } from './quasi-dense-tracker';
import { SORTTracker } from './sort-tracker';
import { StrongSORTTracker } from './strongsort-tracker';

export { ByteTracker } from './byte-tracker';
export { OCSORTTracker } from './ocsort-tracker';
export { SORTTracker } from './sort-tracker';
export { StrongSORTTracker } from './strongsort-tracker';
export type { AppearanceRequest, Tracker, TrackerFactory } from './tracker';

export const trackers = [
  ByteTracker,
  MaskTrackRCNNTracker,
  OCSORTTracker,
  QuasiDenseTracker,
  SORTTracker,
  StrongSORTTracker,
] as const satisfies readonly AnyDefinition[];
