// YouTubeVISDataset: videos whose objects have masks (Yang, Fan and Xu, Video Instance Segmentation, ICCV 2019), in COCO's JSON format as
// MMDetection's converter writes it.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import type { DatasetLoader } from './dataset-loader';
import { videoLoader, videoOptions } from './mot-challenge';

const CLASSES = {
  '2019':
    'person giant_panda lizard parrot skateboard sedan ape dog snake monkey hand rabbit duck cat cow fish train horse turtle bear ' +
    'motorbike giraffe leopard fox deer owl surfboard airplane truck zebra tiger elephant snowboard boat shark mouse frog eagle ' +
    'earless_seal tennis_racket',
  '2021':
    'airplane bear bird boat car cat cow deer dog duck earless_seal elephant fish flying_disc fox frog giant_panda giraffe horse ' +
    'leopard lizard monkey motorbike mouse parrot person rabbit shark skateboard snake snowboard squirrel surfboard tennis_racket ' +
    'tiger train truck turtle whale zebra',
};

export const YouTubeVISDataset = defineModule({
  kind: 'dataset',
  type: 'YouTubeVISDataset',
  summary: "YouTube-VIS's videos of objects with masks, in COCO JSON files",
  paper: 'Yang, Fan and Xu, Video Instance Segmentation, ICCV 2019',
  shapes: 'a JSON file and folders of frames -> images with boxes [k, 4], labels [k], masks and identities [k]',
  example:
    "{ type: 'YouTubeVISDataset', dataset_version: '2019', data_root: 'data/youtube_vis_2019/', ann_file: 'annotations/youtube_vis_2019_train.json', data_prefix: { img_path: 'train/JPEGImages' } }",
  options: z.strictObject({
    ...videoOptions.shape,
    dataset_version: z.enum(['2019', '2021']).describe('Whose classes, where metainfo names none'),
  }),
  build: ({ dataset_version: version, ...options }, context): DatasetLoader =>
    videoLoader(options, context, CLASSES[version].split(' ')),
});
