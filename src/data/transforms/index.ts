// The catalogue of transforms.

import type { AnyDefinition } from '../../registry';
import { LoadAnnotations } from './load-annotations';
import { LoadImageFromFile } from './load-image-from-file';
import { LoadProposals } from './load-proposals';
import { PackDetInputs } from './pack-det-inputs';
import { Pad } from './pad';
import { ProposalBroadcaster } from './proposal-broadcaster';
import { RandomChoice } from './random-choice';
import { RandomChoiceResize } from './random-choice-resize';
import { RandomCrop } from './random-crop';
import { RandomFlip } from './random-flip';
import { RandomResize } from './random-resize';
import { Resize } from './resize';

export const TRANSFORMS = [
  LoadImageFromFile,
  LoadAnnotations,
  LoadProposals,
  ProposalBroadcaster,
  Resize,
  RandomResize,
  RandomChoiceResize,
  RandomChoice,
  RandomCrop,
  RandomFlip,
  Pad,
  PackDetInputs,
] as const satisfies readonly AnyDefinition[];
