// Every tracker of the catalogue.

import type { AnyDefinition } from '../../catalogue/registry';
import { ByteTracker } from './byte-tracker';
import { OCSORTTracker } from './ocsort-tracker';

export { ByteTracker } from './byte-tracker';
export { OCSORTTracker } from './ocsort-tracker';
export type { Tracker } from './tracker';

export const trackers = [ByteTracker, OCSORTTracker] as const satisfies readonly AnyDefinition[];
