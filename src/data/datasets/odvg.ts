// ODVGDataset: a JSON line per image, of object detection (`detection`, with a file of the names of labels) or of visual
// grounding (`grounding`: a caption, and boxes for its phrases), as MM Grounding DINO is trained on.

import { createReadStream, existsSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { type BuildContext, defineModule, type ModuleConfig } from '../../catalogue/registry';
import { DetLabError, numberText } from '../../errors';
import { type LabelMap, labelMapOf, namesByLabel } from '../../text/label-map';
import type { Span } from '../../text/prompts';
import { ShardBuilder } from '../columns/shard-builder';
import { TextBlocks } from '../columns/text-blocks';
import { readJson } from '../loading/json-file';
import type { DataProblem, Dataset, ImagePrompt } from '../types';
import { filterOf, sharedOptions, usedPart } from './coco-options';
import type { DatasetLoader } from './dataset-loader';
import { filterRecords } from './filter-records';
import { ImageFolder } from './image-folder';
import { namesOf } from './metainfo';

const options = z.strictObject({
  ...sharedOptions,
  ann_file: z.string().describe('JSON lines, one for each image'),
  label_map_file: z
    .string()
    .nullish()
    .describe('JSON file of the names of labels, { "0": "person", ... }; without: captions with phrases'),
  need_text: z.boolean().default(true).describe('Give each image the names of the labels, for RandomSamplingNegPos'),
  data_prefix: z
    .strictObject({ img: z.string().default('') })
    .default({ img: '' })
    .describe('img: folder of images'),
  return_classes: z.literal(true).describe('Must be true: images have a text'),
});
type Options = z.output<typeof options>;

const box = z.tuple([z.number(), z.number(), z.number(), z.number()]);
const spans = z.array(z.tuple([z.int().min(0), z.int().min(0)]));
const line = z.object({
  filename: z.string().min(1),
  width: z.int().positive(),
  height: z.int().positive(),
  detection: z
    .object({ instances: z.array(z.object({ bbox: box, label: z.coerce.number().pipe(z.int().min(0)) })).default([]) })
    .optional(),
  grounding: z
    .object({
      caption: z.string(),
      regions: z.array(
        z.object({
          bbox: z.union([box, z.array(box)]),
          phrase: z.unknown(),
          tokens_positive: spans,
        }),
      ),
    })
    .optional(),
});
type Line = z.output<typeof line>;
type Box = z.output<typeof box>;

/** What one line says: boxes with their labels, and the text. */
interface Content {
  objects: { bbox: Box; label: number }[];
  prompt?: ImagePrompt;
}

class OdvgReader {
  readonly problems: DataProblem[] = [];
  private phrases = 0;

  constructor(
    private readonly file: string,
    private readonly labelMap: LabelMap | undefined,
    private readonly needText: boolean,
  ) {}

  get classes(): string[] {
    if (this.labelMap) return namesByLabel(this.labelMap);
    return Array.from({ length: Math.max(this.phrases, 1) }, (_, i) => `phrase ${i}`);
  }

  async read(folder: string): Promise<Dataset['records']> {
    const images = new ImageFolder(folder);
    const builder = new ShardBuilder(folder + path.sep, new TextBlocks());
    let number = 0;
    for await (const text of createInterface({ input: createReadStream(this.file, 'utf8') })) {
      number++;
      if (text.trim() === '') continue;
      const entry = this.parse(text, number);
      if (!entry) continue;
      const { filename, width, height } = entry;
      const place = images.resolve(filename);
      if (place === undefined || !images.has(place)) {
        this.problem('missing-image', number, `Line ${number}: there is no image "${place ?? filename}"`);
        continue;
      }
      const { objects, prompt } = this.content(entry, number);
      builder.image({ id: number, path: place, width, height, ...(prompt && { prompt }) });
      for (const [i, { bbox, label }] of objects.entries()) {
        const [x1, y1, x2, y2] = bbox;
        builder.object(x1, y1, x2, y2, label, (x2 - x1) * (y2 - y1), i);
        builder.flags(false, false, false);
      }
    }
    const records = builder.finish();
    if (records.length > 0) return records;
    throw new DetLabError(
      `Cannot load "${this.file}": it has no usable images. ${this.problems[0]?.message ?? 'It lists none'}`,
    );
  }

  private problem(kind: DataProblem['kind'], id: number, message: string): void {
    this.problems.push({ kind, file: this.file, id, message });
  }

  private parse(text: string, number: number): Line | undefined {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      this.problem('bad-annotation', number, `Line ${number} is not JSON: ${(error as Error).message}; not used`);
      return undefined;
    }
    const { success, data, error } = line.safeParse(value);
    if (success && (this.labelMap || data.grounding)) return data;
    const why = success
      ? 'expected "grounding", as there is no label_map_file'
      : `${error.issues[0].path.join('.')}: ${error.issues[0].message}`;
    this.problem('bad-annotation', number, `Line ${number}: ${why}; not used`);
    return undefined;
  }

  private content(entry: Line, number: number): Content {
    const usable = (bbox: Box) => this.isUsable(bbox, entry, number);
    if (this.labelMap) {
      const objects = (entry.detection?.instances ?? []).filter(({ bbox, label }) => {
        if (this.labelMap![label] === undefined)
          this.problem('unknown-category', number, `Line ${number}: label ${label} has no name; its box is not used`);
        return this.labelMap![label] !== undefined && usable(bbox);
      });
      return { objects, ...(this.needText && { prompt: { text: '', labelMap: this.labelMap } }) };
    }
    const { caption, regions } = entry.grounding!;
    const tokensPositive: Record<number, Span[]> = {};
    const objects = regions.flatMap(({ bbox, tokens_positive }, label) => {
      const boxes = (Array.isArray(bbox[0]) ? bbox : [bbox]) as Box[];
      const used = boxes.filter(usable);
      if (used.length > 0) tokensPositive[label] = tokens_positive;
      return used.map((one) => ({ bbox: one, label }));
    });
    this.phrases = Math.max(this.phrases, regions.length);
    return { objects, prompt: { text: caption, tokensPositive } };
  }

  /** Boxes outside the image or thinner than a pixel are not. */
  private isUsable([x1, y1, x2, y2]: Box, { width, height }: Line, number: number): boolean {
    const inside =
      Math.max(0, Math.min(x2, width) - Math.max(x1, 0)) * Math.max(0, Math.min(y2, height) - Math.max(y1, 0));
    if (inside > 0 && x2 - x1 >= 1 && y2 - y1 >= 1) return true;
    this.problem(
      inside > 0 ? 'zero-area' : 'box-outside',
      number,
      `Line ${number}: box [${[x1, y1, x2, y2].map(numberText).join(', ')}] is ${inside > 0 ? 'thinner than a pixel' : 'outside the image'}; not used`,
    );
    return false;
  }
}

async function load(given: Options, at: string): Promise<Dataset> {
  const root = given.data_root ?? '';
  const file = path.resolve(root, given.ann_file);
  if (!existsSync(file)) throw new DetLabError(`Cannot find the annotation file "${file}"`);
  const mapFile = given.label_map_file ? path.resolve(root, given.label_map_file) : undefined;
  const labelMap =
    mapFile === undefined ? undefined : labelMapOf((await readJson(mapFile, 'map of names')).json, mapFile);
  const reader = new OdvgReader(file, labelMap, given.need_text);
  const records = await reader.read(path.resolve(root, given.data_prefix.img));
  const { problems } = reader;
  const dataset: Dataset = {
    name: path.basename(file).replace(/\.\w+$/, ''),
    classes: namesOf(given.metainfo) ?? reader.classes,
    records: filterRecords(records, filterOf(given), problems),
    problems,
    readsText: true,
  };
  return usedPart(dataset, given, at);
}

export const ODVGDataset = defineModule({
  kind: 'dataset',
  type: 'ODVGDataset',
  summary: 'Images with boxes and names of labels, or with captions whose phrases have boxes, as JSON lines',
  paper: 'Zhao et al., An Open and Comprehensive Pipeline for Unified Object Grounding and Detection, 2024',
  shapes: 'JSON lines and a folder of images -> images with boxes [k, 4], labels [k] and a text',
  example:
    "{ type: 'ODVGDataset', data_root: 'data/cat/', ann_file: 'train_od.json', label_map_file: 'label_map.json', data_prefix: { img: 'images/' }, return_classes: true }",
  options,
  build: (given, { path: at }: BuildContext): DatasetLoader => ({
    pipeline: given.pipeline as ModuleConfig[],
    readsText: true,
    load: () => load(given, at),
  }),
});
