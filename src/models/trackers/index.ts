// Every tracker of the catalogue.

import type { AnyDefinition } from '../../catalogue/registry';
import { ByteTracker } from './byte-tracker';

export { ByteTracker, type Tracker } from './byte-tracker';

export const trackers = [ByteTracker] as const satisfies readonly AnyDefinition[];
