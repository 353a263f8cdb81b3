// What views of the inside of a model read of it.

import type { ConfigObject } from '../config';
import type { Detector } from '../models/types';

export interface ModelParts {
  readonly detector: Detector;
  readonly classes: readonly string[];
  readonly name: string;
  readonly config: ConfigObject;
}
