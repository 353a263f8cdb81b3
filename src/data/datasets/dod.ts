// DODDataset: Described Object Detection (Xie et al., NeurIPS 2023): boxes for sentences, of which each image is asked those of
// its group. Boxes are in COCO's format; images, groups and sentences in pickles.

import path from 'node:path';
import { z } from 'zod';
import { type BuildContext, defineModule, type ModuleConfig } from '../../catalogue/registry';
import { plainPickle } from '../../checkpoints/plain-pickle';
import { DetLabError } from '../../errors';
import { LIMITS, readBounded } from '../loading/bounded-read';
import type { Dataset } from '../types';
import { loadCoco } from './coco';
import { filterOf, sharedOptions, usedPart } from './coco-options';
import type { DatasetLoader } from './dataset-loader';

const options = z.strictObject({
  ...sharedOptions,
  ann_file: z.string().describe('COCO file of the boxes, whose categories are the sentences'),
  data_prefix: z
    .strictObject({
      img: z.string().default('').describe('Folder of images'),
      anno: z.string().describe('Folder of groups.pkl, images.pkl and sentences.pkl'),
    })
    .describe('Folders'),
});
type Options = z.output<typeof options>;

const ids = z.array(z.number());
const FILES = {
  sentences: z.object({ raw_sent: z.string() }),
  groups: z.object({ inner_sent_id: ids }),
  images: z.object({ group_id: z.union([z.number(), ids]) }),
};
type Tables = { [K in keyof typeof FILES]: ReadonlyMap<number, z.output<(typeof FILES)[K]>> };

async function table<K extends keyof typeof FILES>(folder: string, name: K): Promise<Tables[K]> {
  const file = path.join(folder, `${name}.pkl`);
  const value = plainPickle(await readBounded(file, LIMITS.json), file);
  const entries = value instanceof Map ? [...value] : Object.entries((value ?? {}) as object);
  const rows = entries.map(([id, row]): [number, unknown] => [Number(id), FILES[name].safeParse(row).data]);
  const bad = rows.find(([, row]) => row === undefined);
  if (rows.length > 0 && !bad) return new Map(rows) as Tables[K];
  throw new DetLabError(
    `Cannot use "${file}": expected ${Object.keys(FILES[name].shape).join(', ')} of every entry${bad ? `, received another of ${bad[0]}` : ', received none'}`,
  );
}

async function load(given: Options, at: string): Promise<Dataset> {
  const root = given.data_root ?? '';
  const folder = path.resolve(root, given.data_prefix.anno);
  const [sentences, groups, images] = await Promise.all([
    table(folder, 'sentences'),
    table(folder, 'groups'),
    table(folder, 'images'),
  ]);
  const file = path.resolve(root, given.ann_file);
  const dataset = await loadCoco(file, path.resolve(root, given.data_prefix.img), filterOf(given));
  for (const record of dataset.records) {
    const image = images.get(record.id);
    const asked = new Set([image?.group_id ?? []].flat().flatMap((group) => groups.get(group)?.inner_sent_id ?? []));
    const known = [...asked].filter((id) => sentences.has(id)).sort((a, b) => a - b);
    if (known.length === 0)
      throw new DetLabError(
        `Cannot use "${folder}": its pickles have no sentences for image ${record.id}, "${record.path}"`,
      );
    record.prompt = { text: known.map((id) => sentences.get(id)!.raw_sent), customEntities: true, sentenceIds: known };
  }
  return usedPart({ ...dataset, readsText: true }, given, at);
}

export const DODDataset = defineModule({
  kind: 'dataset',
  type: 'DODDataset',
  summary: 'Images with boxes for descriptions, of which each image is asked those of its group',
  paper: 'Xie et al., Described Object Detection: Liberating Object Detection with Flexible Expressions, NeurIPS 2023',
  shapes: 'a JSON file, pickles and a folder of images -> images with boxes [k, 4], labels [k] and a text',
  example:
    "{ type: 'DODDataset', data_root: 'data/d3/', ann_file: 'd3_json/d3_full_annotations.json', data_prefix: { img: 'd3_images/', anno: 'd3_pkl' } }",
  options,
  build: (given, { path: at }: BuildContext): DatasetLoader => ({
    pipeline: given.pipeline as ModuleConfig[],
    readsText: true,
    load: () => load(given, at),
  }),
});
