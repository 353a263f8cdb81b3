// Public names of the data folder: datasets, transforms, pipelines, the loader.

import './node-platform';

export { type PanopticSegment, type PanopticTruths, SEGMENT } from '../masks';
export { BadData } from './bad-data';
export { outlinesOf } from './columns/outline-flags';
export { withBatchShapes } from './datasets/batch-shapes';
export { type CocoOptions, loadCoco } from './datasets/coco';
export { countObjects, type ObjectCounts } from './datasets/count-objects';
export type { DatasetLoader } from './datasets/dataset-loader';
export { CityscapesDataset, CocoDataset, VOCDataset } from './datasets/definitions';
export { giveNames } from './datasets/give-names';
export { joinDatasets } from './datasets/join-datasets';
export { DATASETS } from './datasets/list';
export { metainfoOption, namesOf, paletteOf } from './datasets/metainfo';
export { changeInnermost, type DatasetPlan, planDataset } from './datasets/plan-dataset';
export { imageFrequencies, repeatCounts } from './datasets/repeat-counts';
export { loadVoc, type VocOptions } from './datasets/voc';
export { VocFolder } from './datasets/voc/folder';
export { validationSplit } from './datasets/voc/splits';
export {
  createLoader,
  type EpochOptions,
  evaluationLoader,
  type Loader,
  type LoaderOptions,
  type LoaderStats,
  type PipelineStage,
  stageAt,
} from './loader';
export { batchesOf, type OrderOptions } from './loading/batch-order';
export { imagesByClass } from './loading/class-aware-order';
export { decodeImage, imageSize } from './loading/decode';
export { countsOf, type MultiSource, sourceOf } from './loading/multi-source-order';
export type { Shard } from './loading/ordered-sample';
export { type SampleSizes, sampleSizeTotal } from './loading/sample-size-order';
export {
  type SampleTrace,
  type SampleTracer,
  sampleTracer,
  type TracedState,
  type TracedStep,
} from './loading/sample-tracer';
export type { Triplets } from './loading/triplet-order';
export { buildPipeline, type Pipeline } from './pipeline';
export { resizeBilinear } from './pixels/resize-bilinear';
export { problemLines } from './problem-lines';
export { type RunningProgram, runProgram, startProgram } from './sources/ffmpeg';
export { type ImageInput, type ImageInputs, openSource, shortPath } from './sources/open-source';
export { pixelsOf } from './sources/pixels-of';
export {
  isProblem,
  type OpenedSource,
  type SourceImage,
  type SourceProblem,
  type VideoFacts,
} from './sources/source-image';
export { type FrameOptions, framesAgain } from './sources/video-frames';
export { generateToytown, loadToytown, type ToytownFiles, type ToytownOptions } from './toytown/generate';
export { TOYTOWN_CLASSES } from './toytown/thing';
export { TRANSFORMS } from './transforms';
export { loadsAnnotations } from './transforms/annotation-steps';
export { CORRUPTION_GROUPS, CORRUPTIONS, FROST_NEEDED, FROSTED_GROUPS } from './transforms/corrupt';
export type { Sample, Transform } from './transforms/sample';
export type * from './types';
export { withoutClipping } from './unclipped';
