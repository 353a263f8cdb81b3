// The public API of DetLab, in one explicit list.

import type { TypeName } from './catalogue/config-types';
import { describe as describeIn, type ModuleDescription } from './catalogue/describe';
import { listModules, type ModuleCatalogue } from './catalogue/module-catalogue';
import type { Kind } from './catalogue/registry';
import { catalogue } from './lab/catalogue';
import { type FamilyTable, isFamilyKind, listFamilies } from './lab/config-table/list-families';

/** The type name of a module. */
type ModuleName = TypeName<Kind> | (string & {});

export type { ErrorFilter } from './analysis/error-filter';
// all of it by one star, so that `declare module 'detlab'` can add to UserModules
export * from './catalogue/config-types';
export { defineConfig } from './catalogue/define-config';
export type { ModuleDescription } from './catalogue/describe';
export type { ModuleCatalogue, ModuleEntry } from './catalogue/module-catalogue';
export {
  type BuildContext,
  configOf,
  defineModule,
  type ModuleConfig,
  type ModuleDefinition,
  moduleOption,
} from './catalogue/registry';
export { readWeights, type Weights, type WeightsReport, writeWeights } from './checkpoints';
export { readSafetensors, writeSafetensors } from './checkpoints/safetensors-file';
export { type ConfigObject, type ConfigValue, loadConfig, printConfig } from './config';
export type { DataProblem, Dataset, Detections, ImageRecord, PackedSample, PixelImage, Truths } from './data';
export type { Exported, ExportFormat, ExportOptions } from './data/export/export-dataset';
export type { FormatOptions } from './data/formats/format';
export type { BoxFormat, PlainImage } from './data/formats/plain-objects';
export { type Engine, type EngineOptions, engine, type Precision, startEngine } from './engine';
export { DetLabError } from './errors';
export type { EvaluationReport, MetricValues } from './evaluation';
export { Assignments, type AssignmentsOptions } from './lab/assignments';
export { Attention, type AttentionOptions } from './lab/attention';
export { Cam, type CamOptions } from './lab/cam';
export { catalogue } from './lab/catalogue';
export type { ClassWeights } from './lab/class-weights';
export { type CompareFitOptions, Comparison, compare } from './lab/compare';
export { type ConfigRow, ConfigTable } from './lab/config-table/config-table';
export { listConfigs } from './lab/config-table/list-configs';
export type { Family, FamilyTable } from './lab/config-table/list-families';
export { type ConfusedPair, ConfusionMatrix, type ConfusionMatrixOptions } from './lab/confusion-matrix';
export { type CrossValidateOptions, CrossValidation } from './lab/cross-validation';
export { dataset } from './lab/dataset';
export { DatasetStatisticsDisplay } from './lab/dataset-statistics';
export { detector } from './lab/detector';
export { Duplicates } from './lab/duplicates';
export type { Patience } from './lab/early-stopping';
export { Ensemble, type EnsembleOptions, ensemble } from './lab/ensemble';
export {
  type ErrorPageOptions,
  ErrorReport,
  type ErrorsOptions,
  type GalleryOptions,
  type KindCount,
} from './lab/error-report';
export type { EvaluateOptions } from './lab/evaluate';
export { compareFeatures, Features, type FeaturesOptions } from './lab/features';
export type { FineTuneOptions, FineTuneStage } from './lab/fine-tune';
export { fineTune } from './lab/fine-tune-model';
export type { FitOptions } from './lab/fit-options';
export { Folds } from './lab/folds';
export type { FreezeOptions } from './lab/freeze-rules';
export { type ImageErrorRow, ImageErrorTable } from './lab/image-error-table';
export type { ImageSize } from './lab/image-size/set-image-size';
export type { KFoldOptions } from './lab/k-fold';
export { LabDataset } from './lab/lab-dataset';
export { LabelMistakes } from './lab/label-mistakes';
export { LearningPlan } from './lab/learning-plan';
export { type FindLearningRateOptions, LearningRates } from './lab/learning-rate-finder';
export { LostTruths, type LostTruthsOptions } from './lab/lost-truths';
export { type Freeable, free, type MemoryEntry, MemoryReport, memory } from './lab/memory';
export {
  type ImageInput,
  type ImageInputs,
  Model,
  type ModelErrorsOptions,
  type PredictOptions,
  type PredictSource,
  type StreamOptions,
} from './lab/model';
export type { ModelThreshold } from './lab/model-threshold';
export type { SaveOnnxOptions } from './lab/onnx/save-onnx';
export { PipelineSteps, type StepsOptions } from './lab/pipeline-steps';
export type { SavePredictionsOptions } from './lab/prediction/save-predictions';
export { PredictionList } from './lab/prediction-list';
export { type Prediction, Predictions } from './lab/predictions';
export { Profile, type ProfileOptions, profile } from './lab/profile';
export type { ModelProfileOptions, RecipeProfileOptions } from './lab/profile-model';
export type { PseudoBox, PseudoThreshold } from './lab/pseudo-boxes';
export { type PseudoFilter, type PseudoLabelOptions, PseudoLabels } from './lab/pseudo-labels';
export { Recipe } from './lab/recipe';
export { register } from './lab/register';
export type { RepeatFactors } from './lab/repeat-factors';
export { Report } from './lab/report';
export { type CompareOptions, ReportComparison } from './lab/report-comparison';
export { type CurvesOptions, ReportCurves } from './lab/report-curves';
export type { ReportGalleryOptions } from './lab/report-gallery';
export { ReportPage } from './lab/report-page';
export { type ClassThreshold, ReportThreshold, type ThresholdOptions } from './lab/report-threshold';
export { Curves, Run } from './lab/run';
export type { EnergyReading } from './lab/run-energy';
export type { RunFolder } from './lab/run-folder';
export type {
  BatchEvent,
  HookError,
  IterationEvent,
  RunEndEvent,
  RunEvent,
  RunHook,
  ValidationEvent,
} from './lab/run-hooks';
export { RunList, runs } from './lab/runs';
export { type SearchOptions, search } from './lab/search';
export { SearchResult, type SearchTrial } from './lab/search-result';
export type { ModelSummary, SummaryDisplay } from './lab/summary';
export { type BatchesOptions, TrainingBatches } from './lab/training-batches';
export { VideoPredictions } from './lab/video-predictions';
export type { WeightsAddress } from './lab/weights/hub-address';
export type { LoadFrom } from './lab/weights-file';
export type { Backbone, DetBatch, Detector, FeatureSpec, Losses, Neck } from './models/types';
export * as nn from './nn';
export { type Layout, Module, type Parameter, type StateDict } from './nn/module';
export { Random } from './random';
export type { PipelineChange, TrainHook, TrainIteration } from './training/hooks/hook';
export { PRIORITIES } from './training/hooks/priority';
export type { TrainRun } from './training/train-run';
export { Display, type Displayable, type MimeBundle } from './visualization/display';
export type { DrawingOptions } from './visualization/drawing-options';
export { type LiveBox, type LiveImage, LiveImages, type LiveImagesOptions } from './visualization/live-images';
export * from './visualization/widgets';

/**
 * A module's options with types, defaults and meanings, its shapes, its paper and an example.
 *
 * @example describe('FPN')
 * @throws DetLabError with the nearest type name
 */
export function describe(name: ModuleName): ModuleDescription {
  return describeIn(name, catalogue);
}

/**
 * The modules that a config can name by `type`, of one kind or of all; or the families of configs, with papers and published AP.
 *
 * @example modules('neck'); modules('family')
 * @throws DetLabError with the nearest kind
 */
export function modules(kind: 'family'): FamilyTable;
export function modules(kind?: Kind | (string & {})): ModuleCatalogue;
export function modules(kind?: string): ModuleCatalogue | FamilyTable {
  return isFamilyKind(kind) ? listFamilies(catalogue) : listModules(catalogue, kind);
}
export type { Watched, WatchOption } from './lab/watched';
