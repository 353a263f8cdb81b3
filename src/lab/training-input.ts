// What a recipe would train on, opened as `fit` opens it: the plan of the run, its images and pipelines.

import { DetLabError, didYouMean } from '../errors';
import type { RecipeSpec } from './build-model';
import { checkRun } from './check-run';
import { loadCustomImports } from './custom-imports';
import { endsWithFile } from './file-end';
import type { LabDataset } from './lab-dataset';
import { type PlanOptions, planRun, type RunPlan } from './plan';
import { trainingData } from './train-loader';
import type { TrainingData } from './training-data';
import { trainedImages } from './unlabelled-images';

/** Options of `fit` that change what a run is fed. */
export type InputOptions = Pick<PlanOptions, 'seed' | 'batch' | 'epochs'>;

export interface TrainingInput {
  plan: RunPlan;
  training: TrainingData;
}

/** @throws DetLabError as `fit` does for a config that cannot be trained */
export async function trainingInput(
  spec: RecipeSpec,
  data: LabDataset,
  options: InputOptions & { amp?: boolean },
): Promise<TrainingInput> {
  await loadCustomImports(spec.config, spec.folders ?? [], () => {});
  checkRun(spec.config);
  const plan = planRun(spec.config, options);
  const training = trainingData(trainedImages(data, spec.config), spec.config, plan);
  if (training.dataset.records.length > 0) return { plan, training };
  throw new DetLabError(`Cannot show what "${spec.name}" trains on: "${data.name}" has no usable training images`);
}

/**
 * The index of a training image by number (from 0, in the dataset's order) or by the end of its path.
 * @throws DetLabError with the nearest file name
 */
export function imageIndex({ dataset: { name, records } }: TrainingData, image: number | string): number {
  if (typeof image === 'number') {
    if (Number.isInteger(image) && image >= 0 && image < records.length) return image;
    throw new DetLabError(
      `Cannot show image ${image} of "${name}": expected a file name, or a number from 0 to ${records.length - 1}`,
    );
  }
  const exact = records.findIndex(({ path }) => path === image);
  if (exact >= 0) return exact;
  const found = records.findIndex(({ path }) => endsWithFile(path, image));
  if (found >= 0) return found;
  const names = records.map(({ path }) => path.replaceAll('\\', '/').split('/').at(-1) ?? path);
  throw new DetLabError(
    `Cannot show "${image}": "${name}" has no training image of this name.${didYouMean(image.replaceAll('\\', '/'), names)} ` +
      `It has ${records.length}, the first is "${names[0]}"`,
  );
}
