// The options that all datasets of files have, and what is made of them: filters, a selection of images, colours, names as text.

import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { moduleOption } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import type { Dataset, ImagePrompt } from '../types';
import { classGroupsOf, metainfoOption, paletteOf } from './metainfo';

const captionPrompt = z.record(
  z.string(),
  z.strictObject({
    prefix: z.string().optional().describe('Written before the name'),
    name: z.string().optional().describe('Written in place of the name'),
    suffix: z.string().optional().describe('Written after the name'),
  }),
);
export const unusedPrefix = ignoredOption('the dataset has no such folder', {
  schema: z.string().optional(),
  harmless: [''],
});
const fromDisk = ignoredOption('files are read from disk', {
  harmless: [{ backend: 'disk' }, { backend: 'local' }],
  lost: true,
});
/** The options of every dataset of files. */
export const shared = {
  data_root: z.string().nullable().default('').describe('Root folder of the other paths'),
  metainfo: metainfoOption,
  absent_classes: z
    .enum(['refuse', 'suspect', 'note'])
    .default('suspect')
    .describe(
      "Selected classes that the files lack, DetLab's own: all refused, only those nearly spelt as another, or none",
    ),
  filter_cfg: z
    .strictObject({
      filter_empty_gt: z.boolean().default(false).describe('Drop images without ground truth'),
      min_size: z.number().min(0).default(0).describe('Drop images whose shorter side is below this, pixels'),
      bbox_min_size: z.number().min(0).optional().describe('Ignore boxes narrower or lower than this, pixels (VOC)'),
    })
    .nullable()
    .default(null)
    .describe('Filters of the training set'),
  pipeline: z.array(moduleOption('transform')).default([]).describe('Transforms, in order'),
  test_mode: z.boolean().default(false).describe('Evaluation mode: nothing is filtered'),
  indices: z
    .union([z.int().refine((count) => count !== 0, 'expected a number of images, not 0'), z.array(z.int()).min(1)])
    .nullable()
    .default(null)
    .describe('Use only the first images, this many; the last ones if negative; or those at these indices'),
  backend_args: z.null().default(null).describe('Only null: files are read from disk'),
  return_classes: z
    .boolean()
    .default(false)
    .describe('Give each image the names of the classes as its text, for detectors on text'),
  caption_prompt: captionPrompt
    .nullish()
    .describe('What is written around or in place of class names in the text: { penguin: { suffix: ", black and white" } }'),
  seg_map_suffix: ignoredOption('semantic maps of such data sets are not read', { schema: z.string().default('.png') }),
  serialize_data: z.boolean().default(true).describe('Accepted, without effect: records are not copied to workers'),
  max_refetch: z.int().positive().default(1000).describe('Accepted: an image without use is replaced by another'),
  file_client_args: fromDisk,
  lazy_init: ignoredOption('annotations are read at once', { schema: z.boolean().default(false) }),
};

type SharedOptions = z.output<z.ZodObject<typeof shared>>;

/** What the options filter of the images of training. */
export function filterOf(options: { test_mode: boolean; filter_cfg: { filter_empty_gt: boolean; min_size: number } | null }): {
  filterEmpty?: boolean;
  minSize?: number;
} {
  if (options.test_mode || !options.filter_cfg) return {};
  return { filterEmpty: options.filter_cfg.filter_empty_gt, minSize: options.filter_cfg.min_size };
}

/** What the options select of a dataset, with the colours of its classes. */
export function usedPart(
  dataset: Dataset,
  options: Pick<SharedOptions, 'indices' | 'metainfo' | 'return_classes' | 'caption_prompt'>,
  at: string,
): Dataset {
  const palette = paletteOf(options.metainfo, dataset.classes, at);
  const classGroups = classGroupsOf(options.metainfo);
  const used = { ...subsetOf(dataset, options.indices), ...(palette && { palette }), ...(classGroups && { classGroups }) };
  if (!options.return_classes) return used;
  // without captions of their own the model's names of the classes are read, which need not be with every image
  if (options.caption_prompt) giveNames(used, options.caption_prompt);
  return { ...used, readsText: true };
}

/** The images that `indices` selects after filtering; a negative one counts from the end. */
function subsetOf(dataset: Dataset, indices: number | readonly number[] | null): Dataset {
  const { records } = dataset;
  if (indices === null) return dataset;
  if (typeof indices === 'number')
    return { ...dataset, records: indices > 0 ? records.slice(0, indices) : records.slice(indices) };
  const beyond = indices.find((index) => records.at(index) === undefined);
  if (beyond !== undefined)
    throw new DetLabError(
      `Cannot use indices of dataset "${dataset.name}": expected ${-records.length} to ${records.length - 1}, received ${beyond}`,
    );
  return { ...dataset, records: indices.map((index) => records.at(index)!) };
}

/** Names of the classes as the text of every image that has none of its own. */
export function giveNames({ records, classes }: Dataset, captionPrompt?: ImagePrompt['captionPrompt']): void {
  const prompt: ImagePrompt = { text: classes, customEntities: true, ...(captionPrompt && { captionPrompt }) };
  for (const record of records) record.prompt ??= prompt;
}
