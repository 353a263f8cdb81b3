// What a run trains on, and what of its plan decides that.

import type { Dataset, OrderOptions, PipelineStage } from '../data';
import type { RunPlan } from './plan';

/** The images of a run, the pipelines of its epochs, and the order of the images. */
export interface TrainingData {
  dataset: Dataset;
  stages: PipelineStage[];
  order: OrderOptions;
}

export type DataPlan = Pick<RunPlan, 'batchSize' | 'loop' | 'seed' | 'pipelineChanges'>;
