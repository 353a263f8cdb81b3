// The list of built-in transforms.

import type { AnyDefinition } from '../../catalogue/registry';
import { Albu } from './albu';
import { AutoAugment, RandAugment } from './auto-augment';
import { CachedMosaic } from './cached-mosaic';
import {
  AutoContrast,
  Brightness,
  Color,
  ColorTransform,
  Contrast,
  Equalize,
  Invert,
  Posterize,
  Sharpness,
  Solarize,
  SolarizeAdd,
} from './colour-family';
import { Compose } from './compose';
import { ConvertBoxType } from './convert-box-type';
import { CopyPaste } from './copy-paste';
import { Corrupt } from './corrupt';
import { CutOut } from './cut-out';
import { Expand } from './expand';
import { FilterAnnotations } from './filter-annotations';
import { FixShapeResize } from './fix-shape-resize';
import { GeomTransform, Rotate, ShearX, ShearY, TranslateX, TranslateY } from './geometric';
import { YOLOv5HSVRandomAug, YOLOXHSVRandomAug } from './hsv-random-aug';
import { InstaBoost } from './insta-boost';
import { LetterResize } from './letter-resize';
import { LoadAnnotations } from './load-annotations';
import { LoadEmptyAnnotations } from './load-empty-annotations';
import { LoadImageFromFile } from './load-image-from-file';
import { LoadPanopticAnnotations } from './load-panoptic-annotations';
import { LoadProposals } from './load-proposals';
import { LoadTextAnnotations } from './load-text-annotations';
import { MinIoURandomCrop } from './min-iou-random-crop';
import { CachedMixUp, MixUp, YOLOXMixUp } from './mix-up';
import { Mosaic } from './mosaic';
import { Mosaic9 } from './mosaic9';
import { MultiBranch } from './multi-branch';
import { PackDetInputs } from './pack-det-inputs';
import { PackReIDInputs } from './pack-reid-inputs';
import { Pad } from './pad';
import { PhotoMetricDistortion } from './photo-metric-distortion';
import { Polygon2Mask } from './polygon2mask';
import { PPYOLOERandomCrop } from './pp-yoloe-random-crop';
import { PPYOLOERandomDistort } from './pp-yoloe-random-distort';
import { ProposalBroadcaster } from './proposal-broadcaster';
import { RandomAffine } from './random-affine';
import { RandomCenterCropPad } from './random-center-crop-pad';
import { RandomChoice } from './random-choice';
import { RandomChoiceResize } from './random-choice-resize';
import { RandomCrop } from './random-crop';
import { RandomErasing } from './random-erasing';
import { GTBoxSubOne_GLIP, RandomFlip, RandomFlip_GLIP } from './random-flip';
import { RandomApply, RandomOrder } from './random-order';
import { RandomResize } from './random-resize';
import { MMRotateRotate, RandomRotate } from './random-rotate';
import { RandomSamplingNegPos } from './random-sampling-neg-pos';
import { RandomShift } from './random-shift';
import { RegularizeRotatedBox } from './regularize-rotated-box';
import { RemoveDataElement } from './remove-data-element';
import { FixScaleResize, Resize } from './resize';
import { ResizeShortestEdge } from './resize-shortest-edge';
import { TestTimeAug } from './test-time-aug';
import { LoadTrackAnnotations, PackTrackInputs } from './track-transforms';
import { TransformBroadcaster } from './transform-broadcaster';
import { UniformRefFrameSample } from './uniform-ref-frame-sample';
import { YOLOv5CopyPaste } from './yolov5-copy-paste';
import { YOLOv5KeepRatioResize } from './yolov5-keep-ratio-resize';
import { YOLOv5MixUp } from './yolov5-mix-up';
import { YOLOv5RandomAffine } from './yolov5-random-affine';

export const TRANSFORMS = [
  LoadImageFromFile,
  LoadAnnotations,
  LoadEmptyAnnotations,
  LoadPanopticAnnotations,
  LoadProposals,
  LoadTextAnnotations,
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
  FixScaleResize,
  AutoAugment,
  RandAugment,
  AutoContrast,
  Brightness,
  Color,
  ColorTransform,
  Contrast,
  Equalize,
  Invert,
  Posterize,
  Sharpness,
  Solarize,
  SolarizeAdd,
  GeomTransform,
  Rotate,
  ShearX,
  ShearY,
  TranslateX,
  TranslateY,
  ConvertBoxType,
  RegularizeRotatedBox,
  MMRotateRotate,
  RandomRotate,
  FixShapeResize,
  RandomErasing,
  RandomApply,
  RandomOrder,
  MultiBranch,
  Polygon2Mask,
  RandomSamplingNegPos,
  RemoveDataElement,
  ResizeShortestEdge,
  PPYOLOERandomCrop,
  PPYOLOERandomDistort,
  RandomCenterCropPad,
  RandomFlip_GLIP,
  GTBoxSubOne_GLIP,
  CopyPaste,
  InstaBoost,
  YOLOv5CopyPaste,
  Mosaic9,
  PackDetInputs,
  UniformRefFrameSample,
  TransformBroadcaster,
  LoadTrackAnnotations,
  PackTrackInputs,
  PackReIDInputs,
  TestTimeAug,
] as const satisfies readonly AnyDefinition[];

/** Types that may load other images of the dataset. */
export const MULTI_IMAGE: ReadonlySet<string> = new Set(
  [Mosaic, Mosaic9, MixUp, CachedMosaic, CachedMixUp, CopyPaste, YOLOv5MixUp, YOLOXMixUp, UniformRefFrameSample].map(
    ({ type }) => type,
  ),
);
