// MDETRStyleRefCocoDataset: referring expressions (RefCOCO, RefCOCO+, RefCOCOg, gRefCOCO) in COCO's format as MDETR prepared
// them: each entry of an image has one caption, which as a whole describes its box.

import path from 'node:path';
import { z } from 'zod';
import { type BuildContext, defineModule, type ModuleConfig } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import type { Dataset } from '../types';
import { loadCoco } from './coco';
import { filterOf, sharedOptions, usedPart } from './coco-options';
import type { DatasetLoader } from './dataset-loader';

export const captionOptions = z.strictObject({
  ...sharedOptions,
  ann_file: z.string().describe('COCO file whose images have a caption'),
  data_prefix: z
    .strictObject({ img: z.string().default('') })
    .default({ img: '' })
    .describe('img: folder of images'),
});
export type CaptionOptions = z.output<typeof captionOptions>;

/** The COCO file of a dataset with captions, and what gives each image its text. */
export async function loadCaptions(
  options: CaptionOptions,
  at: string,
  prompts: (dataset: Dataset, file: string) => void | Promise<void>,
): Promise<Dataset> {
  const root = options.data_root ?? '';
  const file = path.resolve(root, options.ann_file);
  const dataset = await loadCoco(file, path.resolve(root, options.data_prefix.img), filterOf(options));
  await prompts(dataset, file);
  return usedPart({ ...dataset, readsText: true }, options, at);
}

/** @throws DetLabError for an image without */
export function captionOf({ fields, path: image }: Dataset['records'][number], file: string): string {
  const caption = fields?.caption;
  if (typeof caption === 'string') return caption;
  throw new DetLabError(`Cannot use "${file}": expected a caption of every image, received none of "${image}"`);
}

export const MDETRStyleRefCocoDataset = defineModule({
  kind: 'dataset',
  type: 'MDETRStyleRefCocoDataset',
  summary: 'Images with an expression that refers to one or several boxes, in COCO JSON files of MDETR',
  paper: 'Kamath et al., MDETR: Modulated Detection for End-to-End Multi-Modal Understanding, ICCV 2021',
  shapes: 'a JSON file and a folder of images -> images with boxes [k, 4] and a text',
  example:
    "{ type: 'MDETRStyleRefCocoDataset', data_root: 'data/coco/', ann_file: 'mdetr_annotations/final_refexp_val.json', data_prefix: { img: 'train2014/' } }",
  options: captionOptions,
  build: (given, { path: at }: BuildContext): DatasetLoader => ({
    pipeline: given.pipeline as ModuleConfig[],
    readsText: true,
    load: () =>
      loadCaptions(given, at, ({ records }, file) => {
        for (const record of records) record.prompt = { text: captionOf(record, file), tokensPositive: -1 };
      }),
  }),
});
