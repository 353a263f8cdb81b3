// The list of built-in transforms.

import type { AnyDefinition } from '../../catalogue/registry';
import { Albu } from './albu';
import { CachedMosaic } from './cached-mosaic';
import { Compose } from './compose';
import { Corrupt } from './corrupt';
import { CutOut } from './cut-out';
import { Expand } from './expand';
import { FilterAnnotations } from './filter-annotations';
import { YOLOv5HSVRandomAug, YOLOXHSVRandomAug } from './hsv-random-aug';
import { LetterResize } from './letter-resize';
import { LoadAnnotations } from './load-annotations';
import { LoadImageFromFile } from './load-image-from-file';
import { LoadProposals } from './load-proposals';
import { MinIoURandomCrop } from './min-iou-random-crop';
import { CachedMixUp, MixUp, YOLOXMixUp } from './mix-up';
import { Mosaic } from './mosaic';
import { PackDetInputs } from './pack-det-inputs';
import { Pad } from './pad';
import { PhotoMetricDistortion } from './photo-metric-distortion';
import { ProposalBroadcaster } from './proposal-broadcaster';
import { RandomAffine } from './random-affine';
import { RandomCenterCropPad } from './random-center-crop-pad';
import { RandomChoice } from './random-choice';
import { RandomChoiceResize } from './random-choice-resize';
import { RandomCrop } from './random-crop';
import { RandomFlip } from './random-flip';
import { RandomResize } from './random-resize';
import { RandomShift } from './random-shift';
import { Resize } from './resize';
import { TestTimeAug } from './test-time-aug';
import { YOLOv5KeepRatioResize } from './yolov5-keep-ratio-resize';
import { YOLOv5MixUp } from './yolov5-mix-up';
import { YOLOv5RandomAffine } from './yolov5-random-affine';

export const TRANSFORMS = [
  LoadImageFromFile,
  LoadAnnotations,
  LoadProposals,
  ProposalBroadcaster,
  Resize,
  RandomResize,
  RandomChoiceResize,
  RandomChoice,
  Compose,
  RandomCrop,
  RandomCenterCropPad,
  RandomFlip,
  RandomShift,
  Pad,
  Expand,
  MinIoURandomCrop,
  RandomAffine,
  Corrupt,
  CutOut,
  FilterAnnotations,
  PhotoMetricDistortion,
  YOLOXHSVRandomAug,
  Mosaic,
  MixUp,
  CachedMosaic,
  CachedMixUp,
  YOLOv5KeepRatioResize,
  LetterResize,
  YOLOv5RandomAffine,
  YOLOv5HSVRandomAug,
  YOLOv5MixUp,
  YOLOXMixUp,
  Albu,
  PackDetInputs,
  TestTimeAug,
] as const satisfies readonly AnyDefinition[];

/** Types that may load other images of the dataset. */
export const MULTI_IMAGE: ReadonlySet<string> = new Set(
  [Mosaic, MixUp, CachedMosaic, CachedMixUp, YOLOv5MixUp, YOLOXMixUp].map(({ type }) => type),
);
