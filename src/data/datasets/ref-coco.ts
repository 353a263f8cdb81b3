// RefCocoDataset: RefCOCO, RefCOCO+ and RefCOCOg (Yu et al., ECCV 2016): expressions that refer to one object each, in a pickle, and
// the objects in a COCO file. The text of an image is its expressions; the label of an object is the number of its expression. The
// random choice of an expression is of a seed of its own, so that it is the same in every run.

import path from 'node:path';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../catalogue/registry';
import { plainPickle } from '../../checkpoints/plain-pickle';
import { DetLabError, didYouMean } from '../../errors';
import { Random } from '../../random';
import type { AnnotatedImage, AnnotatedObject, Reading } from '../formats/annotated-image';
import { readJsonValue } from '../formats/place';
import type { ReadReport } from '../formats/read-report';
import { LIMITS, readBounded } from '../loading/bounded-read';
import type { Dataset } from '../types';
import { annotatedLoader } from './annotated-loader';
import { fieldsOf, keyOf, nameOf, numberOf } from './coco/fields';
import { readOutline } from './coco/outline';
import { sharedOptions, unusedPrefix } from './coco-options';
import type { DatasetLoader } from './dataset-loader';

const options = z.strictObject({
  ...sharedOptions,
  ann_file: z.string().describe('COCO file of all images and objects (instances.json)'),
  split_file: z.string().describe('Pickle of the expressions: refs(unc).p, refs(google).p'),
  data_prefix: z
    .strictObject({ img_path: z.string().default(''), sub_data_root: unusedPrefix })
    .describe('img_path: folder of images'),
  split: z.string().default('train').describe('Of the expressions: train, val, testA, testB, test'),
  text_mode: z
    .enum(['original', 'random', 'concat', 'select_first'])
    .default('random')
    .describe('Of an object with several expressions: each by itself, one at random, all run together, or the first'),
  proposal_file: z.null().optional().describe('Only null'),
});
type Options = z.output<typeof options>;
type Fields = Record<string, unknown>;

/** Expressions of the objects of a split, by the annotation; of several entries of one object the last holds, as in MMDetection. */
async function readSplit(file: string, split: string): Promise<Map<number | string, string[]>> {
  const refs = plainPickle(await readBounded(file, LIMITS.json), file);
  if (!Array.isArray(refs)) throw new DetLabError(`Cannot use split_file "${file}": expected a list of expressions`);
  const found = new Map<number | string, string[]>();
  const splits = new Set<string>();
  for (const [i, given] of refs.entries()) {
    const ref = fieldsOf(given);
    const name = nameOf(ref?.split);
    if (name !== undefined) splits.add(name);
    if (name !== split) continue;
    const sentences = Array.isArray(ref?.sentences)
      ? ref.sentences.map((sentence) => nameOf(fieldsOf(sentence)?.raw))
      : [];
    const annotation = keyOf(ref?.ann_id);
    if (annotation === undefined || sentences.length === 0 || sentences.includes(undefined))
      throw new DetLabError(
        `Cannot use split_file "${file}", entry ${i}: expected ann_id and sentences with raw, received the keys ${Object.keys(ref ?? {}).join(', ')}`,
      );
    found.set(
      annotation,
      (sentences as string[]).map((sentence) => sentence.toLowerCase()),
    );
  }
  if (found.size > 0) return found;
  throw new DetLabError(
    `Cannot use split "${split}" of "${file}": no such split.${didYouMean(split, splits)} Known: ${[...splits].join(', ') || 'none'}`,
  );
}

function chosen(texts: string[], mode: Options['text_mode'], random: Random): string[] {
  if (mode === 'original') return texts;
  if (mode === 'concat') return [texts.join('')];
  return [texts[mode === 'random' ? random.integer(texts.length) : 0]];
}

const entriesOf = (value: Fields | undefined, key: string, file: string): Fields[] => {
  const list = value?.[key];
  if (Array.isArray(list))
    return list.flatMap((entry): Fields[] => {
      const fields = fieldsOf(entry);
      return fields ? [fields] : [];
    });
  throw new DetLabError(`Cannot use "${file}": expected a list ${key}, as in COCO's files`);
};

/** The images of a split, and by their numbers the texts of each. */
async function readImages(given: Options, file: string, report: ReadReport) {
  const expressions = await readSplit(path.resolve(given.data_root ?? '', given.split_file), given.split);
  const value = fieldsOf(await readJsonValue(file, report));
  const images = new Map(entriesOf(value, 'images', file).map((image) => [keyOf(image.id), image]));
  const annotations = new Map(entriesOf(value, 'annotations', file).map((one) => [keyOf(one.id), one]));
  const random = Random.seeded(0);
  const found = new Map<number, AnnotatedImage>();
  const texts = new Map<number, string[]>();
  for (const [key, sentences] of expressions) {
    const annotation = annotations.get(key);
    const image = images.get(keyOf(annotation?.image_id));
    const [id, name] = [numberOf(image?.id), nameOf(image?.file_name)];
    const place = `Annotation ${key} of "${file}"`;
    if (!annotation || !image || id === undefined || name === undefined) {
      report.problem(
        'bad-annotation',
        file,
        place,
        `is ${annotation ? 'of no image that is listed' : 'not there'}; skipped`,
      );
      continue;
    }
    const entry: AnnotatedImage = found.get(id) ?? { names: [name], id, file, ...sizeOf(image), objects: [] };
    const spoken = texts.get(id) ?? [];
    found.set(id, entry);
    texts.set(id, spoken);
    const object = outlined(annotation, place, file, report);
    for (const text of chosen(sentences, given.text_mode, random)) {
      entry.objects.push({ ...object, name: expression(spoken.length), place });
      spoken.push(text);
    }
  }
  return { images: [...found.values()], texts };
}

const expression = (index: number): string => `expression ${index}`;

function sizeOf(image: Fields): Pick<AnnotatedImage, 'size'> {
  const [width, height] = [numberOf(image.width), numberOf(image.height)];
  return width && height ? { size: { width, height } } : {};
}

function outlined(
  { bbox, segmentation }: Fields,
  place: string,
  file: string,
  report: ReadReport,
): Pick<AnnotatedObject, 'box' | 'outline'> {
  const numbers = Array.isArray(bbox) ? bbox.map(numberOf) : [];
  const [x, y, w, h] = numbers as number[];
  const outline = readOutline(segmentation);
  if (outline.kind !== 'usable')
    report.problem(
      'bad-outline',
      file,
      place,
      `${outline.kind === 'bad' ? outline.why : 'has no segmentation'}; it has no mask`,
    );
  return {
    ...(numbers.length === 4 && !numbers.includes(undefined) && { box: [x, y, x + w, y + h] }),
    ...(outline.kind === 'usable' && { outline: outline.segmentation }),
  };
}

function refCocoLoader(given: Options, { path: at }: BuildContext): DatasetLoader {
  let texts: ReadonlyMap<number, string[]> = new Map();
  const read = async (file: string, report: ReadReport): Promise<Reading> => {
    const found = await readImages(given, file, report);
    texts = found.texts;
    const most = Math.max(1, ...[...texts.values()].map(({ length }) => length));
    const folder = path.resolve(given.data_root ?? '', given.data_prefix.img_path);
    const classes = Array.from({ length: most }, (_, i) => expression(i));
    return { parts: [{ name: 'train', images: found.images, folders: [folder] }], classes };
  };
  const finish = (dataset: Dataset): Dataset => {
    for (const record of dataset.records) record.prompt = { text: texts.get(record.id) ?? [] };
    return { ...dataset, readsText: true };
  };
  return { ...annotatedLoader(given, at, read, finish), readsText: true };
}

export const RefCocoDataset = defineModule({
  kind: 'dataset',
  type: 'RefCocoDataset',
  summary: 'Images with expressions that refer to one object each, and its mask: RefCOCO, RefCOCO+, RefCOCOg',
  paper: 'Yu et al., Modeling Context in Referring Expressions, ECCV 2016',
  shapes: 'a COCO file, a pickle of expressions, a folder of images -> images with boxes [k, 4], masks and k texts',
  example:
    "{ type: 'RefCocoDataset', data_root: 'data/coco/', ann_file: 'refcoco/instances.json', split_file: 'refcoco/refs(unc).p', data_prefix: { img_path: 'train2014/' }, split: 'val', text_mode: 'select_first' }",
  options,
  build: refCocoLoader,
});
