// Flickr30kDataset: captions whose phrases have boxes, in COCO's format as MDETR prepared them (Plummer et al., Flickr30k
// Entities, ICCV 2015).

import { z } from 'zod';
import { type BuildContext, defineModule, type ModuleConfig } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import type { Span } from '../../text/prompts';
import { readJson } from '../loading/json-file';
import type { Dataset } from '../types';
import type { DatasetLoader } from './dataset-loader';
import { captionOf, captionOptions, loadCaptions } from './mdetr-style-ref-coco';

const spans = z.array(z.array(z.tuple([z.int().min(0), z.int().min(0)])));
const phrases = z.object({
  annotations: z.array(z.object({ id: z.union([z.number(), z.string()]), phrase_ids: z.number() })),
});

/** Gives images their captions, with the spans of the phrases that are evaluated, and boxes their phrases. */
async function givePhrases({ records }: Dataset, file: string): Promise<void> {
  const { success, data } = phrases.safeParse((await readJson(file, 'annotation file')).json);
  if (!success) throw new DetLabError(`Cannot use "${file}": expected a number phrase_ids of every annotation`);
  const phraseOf = new Map(data.annotations.map(({ id, phrase_ids }) => [id, phrase_ids]));
  for (const record of records) {
    const given = spans.safeParse(record.fields?.tokens_positive_eval);
    if (!given.success)
      throw new DetLabError(
        `Cannot use "${file}": expected tokens_positive_eval of "${record.path}" to be lists of [start, end]`,
      );
    const ids = record.annotationIds.map((id) => phraseOf.get(id) ?? -1);
    const order = [...new Set(ids)].sort((a, b) => a - b);
    record.prompt = {
      text: captionOf(record, file),
      tokensPositive: given.data as Span[][],
      phraseIds: ids.map((id) => order.indexOf(id)),
    };
  }
}

export const Flickr30kDataset = defineModule({
  kind: 'dataset',
  type: 'Flickr30kDataset',
  summary: 'Images with captions whose phrases have boxes, in COCO JSON files of MDETR',
  paper: 'Plummer et al., Flickr30k Entities: Collecting Region-to-Phrase Correspondences, ICCV 2015',
  shapes: 'a JSON file and a folder of images -> images with boxes [k, 4] and a text',
  example:
    "{ type: 'Flickr30kDataset', data_root: 'data/flickr30k_entities/', ann_file: 'final_flickr_separateGT_val.json', data_prefix: { img: 'flickr30k_images/' } }",
  options: captionOptions,
  build: (given, { path: at }: BuildContext): DatasetLoader => ({
    pipeline: given.pipeline as ModuleConfig[],
    readsText: true,
    load: () => loadCaptions(given, at, givePhrases),
  }),
});
