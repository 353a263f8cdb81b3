// Layers and modules.

export { type Affine, BatchNorm2d, type BatchNorm2dConfig } from './batch-norm2d';
export { ConvModule, type ConvModuleConfig } from './conv-module';
export { convNorm, type Norm } from './conv-norm';
export { Conv2d, type Conv2dConfig, type Epilogue } from './conv2d';
export { GroupNorm, type GroupNormConfig } from './group-norm';
export { applyInitCfg, type InitCfg, initCfg, pretrainedOf } from './init-cfg';
export * from './initializers';
export {
  type ActCfg,
  type Activation,
  actCfg,
  buildActivation,
  buildNorm,
  type ConvCfg,
  convCfg,
  type NormCfg,
  normCfg,
} from './layer-options';
export { Linear, type LinearConfig } from './linear';
export * from './module';
export { ModuleList, Sequential } from './module-list';
