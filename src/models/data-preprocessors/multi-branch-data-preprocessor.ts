// MultiBranchDataPreprocessor (MMDetection 3.x): the preprocessor of semi-supervised detectors. In training the views that MultiBranch
// packed become a batch for each branch, normalised and padded for itself; in prediction images come as they are.

import { z } from 'zod';
import { defineModule, moduleOption } from '../../catalogue/registry';
import type { PackedSample } from '../../data/types';
import { DetLabError } from '../../errors';
import type { DataPreprocessor, DetBatch } from '../types';

export class MultiBranchDataPreprocessor implements DataPreprocessor {
  constructor(private readonly inner: DataPreprocessor) {}

  get order() {
    return this.inner.order;
  }

  get denormalize() {
    return this.inner.denormalize?.bind(this.inner);
  }

  /**
   * In training the batch of the images with labels; those of the two views of images without are its `branches`.
   * @throws DetLabError for samples that MultiBranch did not pack, and without an image with labels
   */
  forward(samples: PackedSample[], { training, iteration }: { training: boolean; iteration: number }): DetBatch {
    if (!training) return this.inner.forward(samples, { training, iteration });
    const plain = samples.find(({ branches }) => !branches);
    if (plain)
      throw new DetLabError(
        `Cannot train on "${plain.meta.imgPath}": expected the views of semi-supervised training, received one image. Put ` +
          "{ type: 'MultiBranch', branch_field: ['sup', 'unsup_teacher', 'unsup_student'], ... } last in the pipeline of each data set",
      );
    const of = (branch: keyof NonNullable<PackedSample['branches']>) =>
      samples.map(({ branches }) => branches?.[branch]).filter((view) => view !== undefined);
    const [labelled, weak, strong] = [of('sup'), of('unsup_teacher'), of('unsup_student')];
    if (labelled.length === 0 || weak.length !== strong.length)
      throw new DetLabError(
        'Cannot train on this batch: expected images with labels (sup) and both views of images without (unsup_teacher, ' +
          `unsup_student), received ${labelled.length}, ${weak.length} and ${strong.length}. Draw batches by GroupMultiSourceSampler`,
      );
    const stacked = (views: PackedSample[]) => this.inner.forward(views, { training, iteration });
    const batch = stacked(labelled);
    if (weak.length === 0) return batch;
    return { ...batch, branches: { unsup_teacher: stacked(weak), unsup_student: stacked(strong) } };
  }
}

export const multiBranchDataPreprocessor = defineModule({
  kind: 'data_preprocessor',
  type: 'MultiBranchDataPreprocessor',
  summary: 'A data preprocessor for each of the branches of semi-supervised training',
  origin: 'MMDetection',
  shapes: '8-bit images of any size -> [N, H, W, 3] float32 for each branch',
  example:
    "{ type: 'MultiBranchDataPreprocessor', data_preprocessor: { type: 'DetDataPreprocessor', pad_size_divisor: 32 } }",
  options: z.strictObject({
    data_preprocessor: moduleOption('data_preprocessor').describe('Normalises images, pads them and stacks them'),
  }),
  build: ({ data_preprocessor: inner }, { registry, path }) =>
    new MultiBranchDataPreprocessor(
      registry.build('data_preprocessor', inner, { path: path ? `${path}.data_preprocessor` : 'data_preprocessor' }),
    ),
});
