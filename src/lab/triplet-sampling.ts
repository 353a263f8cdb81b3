// `triplet_sampler` of a ReIDDataset, for the images that a run has.

import { type ConfigObject, isObject } from '../config';
import type { ImageRecord, Triplets } from '../data';
import { DetLabError } from '../errors';

/**
 * @param dataset config of the training data
 * @param used the images of an epoch
 * @throws DetLabError where a wrapper is around the dataset that has it
 */
export function tripletSampling(dataset: ConfigObject, used: readonly ImageRecord[]): Triplets | undefined {
  const { triplet_sampler: given, dataset: inner, datasets = [] } = dataset;
  for (const one of [inner, ...(Array.isArray(datasets) ? datasets : [])])
    if (isObject(one) && tripletSampling(one, used))
      throw new DetLabError(
        'Cannot draw triplets: expected the ReIDDataset with triplet_sampler as train_dataloader.dataset itself, received it in a ' +
          `${dataset.type}. Join the lists of images in one ann_file`,
      );
  if (!isObject(given)) return undefined;
  const { num_ids = 8, ins_per_id = 4 } = given;
  return {
    numIds: Number(num_ids),
    perId: Number(ins_per_id),
    identities: Int32Array.from(used, ({ truths }) => truths.labels[0]),
  };
}
