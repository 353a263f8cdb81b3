// All data sets that a config can name.

import type { AnyDefinition } from '../../catalogue/registry';
import { COCO_RELATIVES } from './coco-relatives';
import { CROWD_HUMAN_DATASETS } from './crowd-human';
import { GENERAL_DATASETS } from './definitions';
import { DOTA_DATASETS } from './dota';
import { DSDLDetDataset } from './dsdl';
import { BaseVideoDataset, MOTChallengeDataset } from './mot-challenge';
import { OPEN_IMAGES_DATASETS } from './open-images';
import { POSE_DATASETS } from './pose-coco';
import { RefCocoDataset } from './ref-coco';
import { ReIDDataset } from './reid';
import { WIDERFaceDataset } from './wider-face';
import { YouTubeVISDataset } from './youtube-vis';

export const DATASETS = [
  ...GENERAL_DATASETS,
  ...COCO_RELATIVES,
  ...CROWD_HUMAN_DATASETS,
  ...DOTA_DATASETS,
  ...OPEN_IMAGES_DATASETS,
  ...POSE_DATASETS,
  DSDLDetDataset,
  WIDERFaceDataset,
  BaseVideoDataset,
  MOTChallengeDataset,
  ReIDDataset,
  RefCocoDataset,
  YouTubeVISDataset,
] as const satisfies readonly AnyDefinition[];
