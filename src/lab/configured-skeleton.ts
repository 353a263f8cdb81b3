// What the keypoints of a model are: the metainfo of the training data in its config, where `fit` writes that of the data.

import type { ModuleConfig } from '../catalogue/registry';
import { type ConfigObject, type ConfigValue, cloneConfig } from '../config';
import { changeInnermost } from '../data';
import { COCO_PERSON, metainfoOf, type PoseMetainfo, type Skeleton, skeletonOf } from '../geometry/skeleton';
import { objectAt } from './config-access';

const PATH = 'train_dataloader.dataset';

/**
 * @returns undefined where the config says nothing
 * @throws DetLabError for numbers and names that do not fit together
 */
export function configuredSkeleton(config: ConfigObject): Skeleton | undefined {
  const dataset = objectAt(config, PATH);
  let found: Skeleton | undefined;
  if (typeof dataset.type !== 'string') return found;
  changeInnermost(dataset as ModuleConfig, (inner) => {
    const metainfo = inner.metainfo as PoseMetainfo | null | undefined;
    if (metainfo?.keypoint_info) found ??= skeletonOf(metainfo, `${PATH}.metainfo`);
    return inner;
  });
  return found;
}

/** A copy of the config with the skeleton of the data that it is trained on, for drawings of what the model predicts. */
export function withSkeleton(config: ConfigObject, skeleton: Skeleton | undefined): ConfigObject {
  const dataset = objectAt(config, PATH);
  const known = skeleton === undefined || (skeleton === COCO_PERSON && configuredSkeleton(config) === undefined);
  if (known || typeof dataset.type !== 'string') return config;
  const changed = cloneConfig(config);
  objectAt(changed, 'train_dataloader').dataset = changeInnermost(dataset as ModuleConfig, (inner) => ({
    ...inner,
    metainfo: { ...(inner.metainfo as ConfigObject | null | undefined), ...metainfoOf(skeleton) },
  })) as ConfigValue;
  return changed;
}
