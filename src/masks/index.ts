// Instance masks in plain arrays: COCO's run-length encoding, polygons, mask targets, pasting. Used by data, models,
// evaluation and visualization; depends on none of them.

export { BOUNDARY_RATIO, boundaryRle, boundaryWidth } from './boundary-rle';
export { clipPolygon } from './clip-polygon';
export { ColumnMasks } from './column-masks';
export { CompressedRle } from './compressed-rle';
export { type CropAndResizeOptions, cropAndResizeMasks } from './crop-and-resize-masks';
export { fillPolygons } from './fill-polygons';
export {
  boxesOfMasks,
  concatMasks,
  cropMasks,
  flipMasks,
  type InstanceMasks,
  movePolygons,
  type Polygon,
  padMasks,
  placeMasks,
  polygonsToRle,
  resizeMasks,
  takeMasks,
  toRles,
} from './instance-masks';
export { mergePolygons } from './merge-polygons';
export { type PanopticSegment, type PanopticTruths, SEGMENT } from './panoptic-segments';
export { type PasteOptions, pasteMask } from './paste-mask';
export { boxToRle, polygonToRle } from './polygon-rle';
export {
  type AxisMap,
  alignedAxis,
  bilinearAxis,
  composeAxes,
  cropAxis,
  type Resampling,
  resampleMask,
} from './resample-mask';
export { type Bitmap, rescaleMask, resizeBitmap } from './rescale-mask';
export {
  decodeRle,
  encodeRle,
  foreground,
  mergeRles,
  type Rle,
  RleBuilder,
  rleArea,
  rleToBox,
  subtractRle,
} from './rle';
export { columnRuns, cropRle, flipRle, padRle, resizeRle } from './rle-geometry';
export { type Moments, rleMoments } from './rle-moments';
export { rleOfIds, rlesOfMap } from './rle-of-ids';
export { rleOverlaps } from './rle-overlaps';
export { countsFromString, countsToString } from './rle-string';
export { sampleMask } from './sample-mask';
export {
  maskOfOutline,
  rleToSegmentation,
  type Segmentation,
  segmentationToRle,
  usableParts,
  usablePolygons,
} from './segmentation';
export { cropSemantic, flipSemantic, resizeSemantic, type SemanticMap } from './semantic-map';
export { semanticOfIds, semanticOfSegments } from './semantic-of-segments';
