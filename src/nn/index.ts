// Public names of nn: layers, modules, initialisation.

export { type Affine, BatchNorm2d, type BatchNorm2dConfig } from './batch-norm2d';
export { buildConv } from './build-conv';
export { ConditionalAttention } from './conditional-attention';
export { ConvModule, type ConvModuleConfig } from './conv-module';
export { convNorm, type Norm } from './conv-norm';
export { ConvTranspose1d } from './conv-transpose1d';
export { ConvTranspose2d, type ConvTranspose2dConfig } from './conv-transpose2d';
export { Conv2d, type Conv2dConfig, type Epilogue } from './conv2d';
export { DeformConv2d, type DeformConv2dConfig, ModulatedDeformConv2d } from './deform-conv2d';
export { DeformConv2dPack, type DeformConv2dPackConfig, ModulatedDeformConv2dPack } from './deform-conv2d-pack';
export {
  DepthwiseSeparableConvModule,
  type DepthwiseSeparableConvModuleConfig,
} from './depthwise-separable-conv-module';
export { Dropout, type DropoutCfg, dropoutCfg } from './dropout';
export { Embedding, type EmbeddingConfig } from './embedding';
export { GroupNorm, type GroupNormConfig } from './group-norm';
export { Identity } from './identity';
export { applyInitCfg, type InitCfg, initCfg, pretrainedOf } from './init-cfg';
export * from './initializers';
export { buildLayerNorm, LayerNorm, type LayerNormCfg, type LayerNormConfig, layerNormCfg } from './layer-norm';
export {
  type ActCfg,
  type Activation,
  type AnyNormCfg,
  actCfg,
  anyNormCfg,
  buildActivation,
  buildNorm,
  type ConvCfg,
  convCfg,
  type NormCfg,
  normCfg,
} from './layer-options';
export { LayerScale } from './layer-scale';
export { Linear, type LinearConfig } from './linear';
export { MLP } from './mlp';
export * from './module';
export { ModuleList, Sequential } from './module-list';
export { MultiScaleDeformableAttention } from './multi-scale-deformable-attention';
export { type AttentionInputs, MultiheadAttention, type MultiheadAttentionConfig } from './multihead-attention';
export { NON_LOCAL_MODES, NonLocal2d, type NonLocal2dConfig, type NonLocalMode } from './non-local2d';
export { PReLU, type PReLUConfig } from './prelu';
export { type AttentionMasks, ProjectedAttention, type ProjectedAttentionConfig } from './projected-attention';
export { resetConvolutions } from './reset-convolutions';
export { Scale } from './scale';
export { ConvAWS2d, ConvWS2d } from './standardized-conv2d';
export { stepRandom, withStepRandom } from './step-random';
export { SAConv2d } from './switchable-conv2d';
