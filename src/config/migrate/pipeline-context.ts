// State shared by the translations of a config's pipelines.

import type { ConfigObject } from '../data';
import type { Changes } from './changes';
import type { Preprocessing } from './preprocessing';

export interface PipelineContext {
  changes: Changes;
  preprocessing: Preprocessing;
  /** Translated pipelines by their old text: most occur twice in a config. */
  done: Map<string, ConfigObject[]>;
  /** The pipeline of test-time augmentation, if a test pipeline has any. */
  augmented: { pipeline?: ConfigObject[] };
  /** Whether evaluation needs ground-truth masks. */
  masks: boolean;
}
