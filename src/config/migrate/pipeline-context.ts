// What the translations of one config's pipelines share.

import type { ConfigObject } from '../data';
import type { Changes } from './changes';
import type { Preprocessing } from './preprocessing';

export interface PipelineContext {
  changes: Changes;
  preprocessing: Preprocessing;
  /** Pipelines translated before, by their old text: a config names most of them twice. */
  done: Map<string, ConfigObject[]>;
  /** For test-time augmentation: its pipeline, when a test pipeline asked for some. */
  augmented: { pipeline?: ConfigObject[] };
  /** Whether test images come with truths whose masks are needed. */
  masks: boolean;
}
