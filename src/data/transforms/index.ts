// The catalogue of transforms.

import type { AnyDefinition } from '../../registry';
import { LoadAnnotations } from './load-annotations';
import { LoadImageFromFile } from './load-image-from-file';
import { PackDetInputs } from './pack-det-inputs';
import { Pad } from './pad';
import { RandomFlip } from './random-flip';
import { Resize } from './resize';

export const TRANSFORMS = [
  LoadImageFromFile,
  LoadAnnotations,
  Resize,
  RandomFlip,
  Pad,
  PackDetInputs,
] as const satisfies readonly AnyDefinition[];
