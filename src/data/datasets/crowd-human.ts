// CrowdHuman (Shao et al., arXiv 2018): persons in crowds, by their whole bodies. Whatever is no person, and what is marked so, is
// ignored. The sizes of images are in a file of MMDetection's, or asked of the images.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { type AnyDefinition, type BuildContext, defineModule } from '../../catalogue/registry';
import type { AnnotatedImage, AnnotatedObject } from '../formats/annotated-image';
import { numberedLines, readJsonValue, readText } from '../formats/place';
import type { ReadReport } from '../formats/read-report';
import { LIMITS } from '../loading/bounded-read';
import { annotatedLoader } from './annotated-loader';
import { fieldsOf, nameOf, numberOf } from './coco/fields';
import { sharedOptions, unusedPrefix } from './coco-options';
import type { DatasetLoader } from './dataset-loader';
import { batchShapes } from './definitions';

const PERSON = 'person';

const options = z.strictObject({
  ...sharedOptions,
  data_root: z.string().describe('Root folder of the other paths'),
  ann_file: z.string().describe('Annotation file (.odgt): an object { ID, gtboxes } a line'),
  extra_ann_file: z
    .string()
    .nullish()
    .describe(
      'JSON file of [height, width] by image id; id_hw_train.json or id_hw_val.json of data_root if it is there',
    ),
  data_prefix: z
    .strictObject({ img: z.string().default(''), sub_data_root: unusedPrefix })
    .default({ img: '' })
    .describe('img: folder of images'),
  proposal_file: z.null().optional().describe('Only null'),
});
type Options = z.output<typeof options>;
type Sizes = Record<string, unknown> | undefined;

async function sizesOf({ data_root, ann_file, extra_ann_file }: Options, report: ReadReport): Promise<Sizes> {
  if (extra_ann_file) return fieldsOf(await readJsonValue(path.resolve(data_root, extra_ann_file), report));
  const split = ['train', 'val'].find((name) => path.basename(ann_file).includes(name));
  const file = path.resolve(data_root, `id_hw_${split}.json`);
  return existsSync(file) ? fieldsOf(await readJsonValue(file, report)) : undefined;
}

/** The image of one line; undefined, and a problem, where it names none. */
function readLine(line: string, place: string, file: string, sizes: Sizes, report: ReadReport) {
  let entry: Record<string, unknown> | undefined;
  try {
    entry = fieldsOf(JSON.parse(line));
  } catch {
    entry = undefined;
  }
  const id = nameOf(entry?.ID);
  if (!entry || id === undefined) {
    report.problem('bad-annotation', file, place, 'is no object with an ID; skipped', 'image');
    return undefined;
  }
  const boxes = Array.isArray(entry.gtboxes) ? entry.gtboxes : [];
  const objects = boxes.flatMap((given, i): AnnotatedObject[] => {
    const fields = fieldsOf(given);
    const where = `Box ${i + 1} of ${place.charAt(0).toLowerCase()}${place.slice(1)}`;
    const numbers = Array.isArray(fields?.fbox) ? fields.fbox.map(numberOf) : [];
    if (!fields || numbers.length !== 4 || numbers.some((value) => value === undefined))
      return report.problem('bad-annotation', file, where, 'has no fbox of four numbers; skipped') ?? [];
    const [x, y, w, h] = numbers as number[];
    const ignored = fields.tag !== PERSON || Boolean(numberOf(fieldsOf(fields.extra)?.ignore));
    return [{ name: PERSON, box: [x, y, x + w, y + h], place: where, ...(ignored && { ignored, everyClass: true }) }];
  });
  const size = Array.isArray(sizes?.[id]) ? (sizes[id] as unknown[]).map(numberOf) : [];
  const [height, width] = size;
  const image: AnnotatedImage = { names: [`${id}.jpg`, id], file, objects, beyond: true };
  return { ...image, ...(height && width && { size: { height, width } }) };
}

function crowdHumanLoader(given: Options, { path: at }: BuildContext): DatasetLoader {
  return annotatedLoader(given, at, async (file, report) => {
    const sizes = await sizesOf(given, report);
    const lines = numberedLines(await readText(file, report, LIMITS.json));
    const images = lines.flatMap(
      ({ line, number }) => readLine(line, `Line ${number} of "${file}"`, file, sizes, report) ?? [],
    );
    const folder = path.resolve(given.data_root, given.data_prefix.img);
    return { parts: [{ name: 'train', images, folders: [folder] }], classes: [PERSON] };
  });
}

const crowdHuman = {
  kind: 'dataset' as const,
  paper: 'Shao et al., CrowdHuman: A Benchmark for Detecting Human in a Crowd, arXiv 2018',
  shapes: 'an .odgt file and a folder of images -> images with boxes [k, 4]',
};
const example = (type: string) =>
  `{ type: '${type}', data_root: 'data/CrowdHuman/', ann_file: 'annotation_val.odgt', data_prefix: { img: 'Images/' } }`;

export const CrowdHumanDataset = defineModule({
  ...crowdHuman,
  type: 'CrowdHumanDataset',
  summary: 'Images of crowds with boxes of whole persons',
  example: example('CrowdHumanDataset'),
  options,
  build: (given, context): DatasetLoader => crowdHumanLoader(given, context),
});

export const YOLOv5CrowdHumanDataset = defineModule({
  ...crowdHuman,
  type: 'YOLOv5CrowdHumanDataset',
  summary: "MMYOLO's CrowdHumanDataset: its transforms may mix several of its images",
  example: example('YOLOv5CrowdHumanDataset'),
  options: z.strictObject({ ...options.shape, ...batchShapes }),
  build: (given, context): DatasetLoader => crowdHumanLoader(given, context),
});

export const CROWD_HUMAN_DATASETS = [
  CrowdHumanDataset,
  YOLOv5CrowdHumanDataset,
] as const satisfies readonly AnyDefinition[];
