// Public names of ops: the operations of detectors that TensorFlow.js lacks.

export { activate, activateFused, type FusedActivation, type SmoothActivation } from './activate';
export { adaptiveMaxPool2d } from './adaptive-max-pool2d';
export { alignedBilinear } from './aligned-bilinear';
export { type AttentionOptions, attention } from './attention';
export { type BatchNormTrainOptions, type BatchNormTrainResult, batchNormTrain } from './batch-norm-train';
export { batchedNms, type NmsConfig, type NmsResult } from './batched-nms';
export { type CarafeOptions, carafe } from './carafe';
export { type Conv2dOptions, conv2d } from './conv2d';
export { type DeformAttentionOptions, deformAttention } from './deform-attention';
export { type DeformConv2dOptions, deformConv2d } from './deform-conv2d';
export { type DeformRoIPoolOptions, deformRoIPool } from './deform-roi-pool';
export { dropout } from './dropout';
export { everyNth } from './every-nth';
export { type FastNmsOptions, fastNms } from './fast-nms';
export {
  adaptiveAvgPool2d,
  INTERPOLATION_MODES,
  type InterpolateOptions,
  type InterpolationMode,
  interpolate,
} from './interpolate';
export { type FeatureMaps, joinMaps } from './join-maps';
export { differentiatesNatively, hasKernel, runKernel } from './kernel';
export { type LayerNormOptions, layerNorm } from './layer-norm';
export { type MatrixNmsOptions, matrixNms, type ScoredMasks } from './matrix-nms';
export { type MaxPool2dOptions, maxPool2d } from './max-pool2d';
export { type MulticlassNmsResult, multiclassNms } from './multiclass-nms';
export { argsortDescending, type NmsOptions, nms, nmsIndices } from './nms';
export { pixelShuffle } from './pixel-shuffle';
export { type PSRoIPoolOptions, psRoIPool } from './ps-roi-pool';
export { type QueuedBackend, readsWait } from './reads-wait';
export { resizeNearest, upsampleNearest } from './resize-nearest';
export { type RoIAlignOptions, roiAlign } from './roi-align';
export { sigmoidGeometricMean } from './sigmoid-geometric-mean';
export { type SoftNmsOptions, softNms } from './soft-nms';
export { stopGradient } from './stop-gradient';
export { topIndices } from './top-indices';
