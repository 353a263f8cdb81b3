// OpenImagesDataset and OpenImagesChallengeDataset (Kuznetsova et al., IJCV 2020): boxes and verified classes of images, a hierarchy
// of classes. In MMDetection the challenge's metric fails, since its groups have another name, and a last image with a single box has
// the file of the image before; here they do not.

import path from 'node:path';
import { z } from 'zod';
import { type AnyDefinition, type BuildContext, defineModule } from '../../catalogue/registry';
import { plainPickle } from '../../checkpoints/plain-pickle';
import { DetLabError } from '../../errors';
import type { AnnotatedImage, AnnotatedObject } from '../formats/annotated-image';
import { numberedLines, readText } from '../formats/place';
import type { ReadReport } from '../formats/read-report';
import { readTable } from '../formats/read-table';
import { LIMITS, readBounded } from '../loading/bounded-read';
import { annotatedLoader } from './annotated-loader';
import { fieldsOf, nameOf, numberOf } from './coco/fields';
import { sharedOptions, unusedPrefix } from './coco-options';
import type { DatasetLoader } from './dataset-loader';
import { ancestorsByName, readHierarchy } from './open-images-hierarchy';

const options = z.strictObject({
  ...sharedOptions,
  ann_file: z.string().describe('Boxes: a CSV file, of the challenge a text file'),
  label_file: z
    .string()
    .describe('CSV file without a header: machine id and name of each class, of the challenge its number too'),
  hierarchy_file: z.string().describe('JSON file of the tree of classes; of the challenge a matrix saved by NumPy'),
  meta_file: z
    .string()
    .nullish()
    .describe('Pickle with filename and ori_shape of each image; without it the images are asked for their sizes'),
  image_level_ann_file: z.string().nullish().describe('CSV file of the classes that were verified in each image'),
  data_prefix: z
    .strictObject({ img: z.string().default(''), sub_data_root: unusedPrefix })
    .default({ img: '' })
    .describe('img: folder of images'),
  proposal_file: z.null().optional().describe('Only null'),
});
type Options = z.output<typeof options>;

/** Names of the classes, in label order, and by machine id. */
interface Labels {
  classes: string[];
  names: Map<string, string>;
}
interface Kind {
  /** Columns of label_file. */
  columns: string[];
  read(file: string, labels: Labels, report: ReadReport): Promise<Map<string, AnnotatedImage>>;
}

const at = ({ data_root }: Options, file: string): string => path.resolve(data_root ?? '', file);

async function readLabels(given: Options, { columns }: Kind, report: ReadReport): Promise<Labels> {
  const { rows } = await readTable(at(given, given.label_file), report, columns);
  const numbered = rows.map(({ fields }, i) => ({ ...fields, place: Number(fields.Number ?? i) }));
  numbered.sort((a, b) => a.place - b.place);
  const pairs = numbered.map((row) => row as unknown as { LabelName: string; DisplayName: string });
  return {
    classes: pairs.map(({ DisplayName }) => DisplayName),
    names: new Map(pairs.map(({ LabelName, DisplayName }) => [LabelName, DisplayName])),
  };
}

/** Sizes by the name of the file. */
async function readSizes(given: Options): Promise<Map<string, { width: number; height: number }>> {
  if (!given.meta_file) return new Map();
  const file = at(given, given.meta_file);
  const metas = plainPickle(await readBounded(file, LIMITS.json), file);
  if (!Array.isArray(metas))
    throw new DetLabError(`Cannot use meta_file "${file}": expected a list of { filename, ori_shape }`);
  const sizes = metas.map(fieldsOf).flatMap((fields) => {
    const name = nameOf(fields?.filename);
    const [height, width] = Array.isArray(fields?.ori_shape) ? fields.ori_shape.map(numberOf) : [];
    return name !== undefined && height && width ? [[path.posix.basename(name), { width, height }] as const] : [];
  });
  return new Map(sizes);
}

/** Names of the verified classes by the id of the image. */
async function readVerified(given: Options, { names }: Labels, report: ReadReport): Promise<Map<string, string[]>> {
  const verified = new Map<string, string[]>();
  if (!given.image_level_ann_file) return verified;
  for (const { fields } of (await readTable(at(given, given.image_level_ann_file), report)).rows) {
    const name = names.get(fields.LabelName);
    if (name === undefined) continue;
    const known = verified.get(fields.ImageID);
    if (known) known.push(name);
    else verified.set(fields.ImageID, [name]);
  }
  return verified;
}

/** In pixels where the size is known. */
function sized(image: AnnotatedImage, size: { width: number; height: number } | undefined): AnnotatedImage {
  if (!size) return image;
  const { width, height } = size;
  const objects = image.objects.map((object): AnnotatedObject => {
    const [x1, y1, x2, y2] = object.box!;
    return { ...object, box: [x1 * width, y1 * height, x2 * width, y2 * height] };
  });
  return { ...image, size, unit: 'pixels', objects };
}

/** One box a line, with its image. */
const boxes: Kind = {
  columns: ['LabelName', 'DisplayName'],
  read: async (file, { names }, report) => {
    const images = new Map<string, AnnotatedImage>();
    for (const { fields, number } of (await readTable(file, report)).rows) {
      const place = `Line ${number} of "${file}"`;
      const name = names.get(fields.LabelName);
      const box = [fields.XMin, fields.YMin, fields.XMax, fields.YMax].map(Number);
      if (name === undefined || !box.every(Number.isFinite)) {
        const what = name === undefined ? `has the class "${fields.LabelName}", which label_file lacks` : 'has no box';
        report.problem(name === undefined ? 'unknown-category' : 'bad-annotation', file, place, `${what}; skipped`);
        continue;
      }
      const id = fields.ImageID;
      const image = images.get(id) ?? { names: [`${id}.jpg`], file, unit: 'fractions', objects: [] };
      images.set(id, image);
      const [x1, y1, x2, y2] = box;
      image.objects.push({ name, box: [x1, y1, x2, y2], place, ...(fields.IsGroupOf === '1' && { group: true }) });
    }
    return images;
  },
};

/** By image: a number, the file, the number of boxes, and a line of each: class from 1, x1, y1, x2, y2, group. */
const challenge: Kind = {
  columns: ['LabelName', 'DisplayName', 'Number'],
  read: async (file, { classes }, report) => {
    const lines = numberedLines(await readText(file, report, LIMITS.json));
    const images = new Map<string, AnnotatedImage>();
    const fail = (i: number): never => {
      throw new DetLabError(
        `Cannot use "${file}" as boxes of the challenge: expected the file of an image, a line, its number of boxes and their ` +
          `lines, received "${lines[i]?.line ?? ''}" at line ${lines[i]?.number ?? lines.length}`,
      );
    };
    for (let i = 0; i < lines.length; ) {
      const name = lines[i].line;
      const count = Number(lines[i + 2]?.line);
      if (!Number.isInteger(count) || count < 0) fail(i + 2);
      const image: AnnotatedImage = { names: [name], file, unit: 'fractions', objects: [] };
      for (const row of lines.slice(i + 3, i + 3 + count)) {
        const [label, x1, y1, x2, y2, group] = row.line.split(/\s+/).map(Number);
        if (![label, x1, y1, x2, y2].every(Number.isFinite) || !classes[label - 1]) fail(lines.indexOf(row));
        image.objects.push({
          name: classes[label - 1],
          box: [x1, y1, x2, y2],
          place: `Line ${row.number} of "${file}"`,
          ...(group === 1 && { group: true }),
        });
      }
      images.set(path.posix.basename(name, path.posix.extname(name)), image);
      i += 3 + count;
    }
    return images;
  },
};

function openImagesLoader(given: Options, { path: place }: BuildContext, kind: Kind): DatasetLoader {
  let above: ReadonlyMap<string, ReadonlySet<string>> = new Map();
  return annotatedLoader(
    given,
    place,
    async (file, report) => {
      const labels = await readLabels(given, kind, report);
      const images = await kind.read(file, labels, report);
      above = ancestorsByName(
        await readHierarchy(at(given, given.hierarchy_file), labels.classes, report),
        labels.names,
      );
      const [sizes, verified] = [await readSizes(given), await readVerified(given, labels, report)];
      const annotated = [...images].map(([id, image]) => {
        const known = verified.get(id);
        const fields = known && { fields: { image_level_labels: known } };
        return { ...sized(image, sizes.get(path.posix.basename(image.names[0]))), ...fields };
      });
      const folders = [at(given, given.data_prefix.img)];
      return { parts: [{ name: 'train', images: annotated, folders }], classes: labels.classes };
    },
    (dataset) => ({
      ...dataset,
      ancestors: dataset.classes.map((name) =>
        [...(above.get(name) ?? [])]
          .map((other) => dataset.classes.indexOf(other))
          .filter((label) => label >= 0)
          .sort((a, b) => a - b),
      ),
    }),
  );
}

const openImages = <Type extends string>(type: Type, summary: string, kind: Kind, annotations: string) =>
  defineModule({
    kind: 'dataset',
    type,
    summary,
    paper: 'Kuznetsova et al., The Open Images Dataset V4, IJCV 2020',
    shapes: 'files of boxes, classes and their hierarchy, a folder of images -> images with boxes [k, 4], labels [k]',
    example: `{ type: '${type}', data_root: 'data/OpenImages/', ann_file: '${annotations}', label_file: 'classes.csv', hierarchy_file: 'hierarchy.json' }`,
    options,
    build: (given: Options, context: BuildContext): DatasetLoader => openImagesLoader(given, context, kind),
  });

export const OPEN_IMAGES_DATASETS = [
  openImages('OpenImagesDataset', 'Open Images with boxes of 601 classes in CSV files', boxes, 'boxes.csv'),
  openImages(
    'OpenImagesChallengeDataset',
    "Open Images' challenge with boxes of 500 classes in text files",
    challenge,
    'boxes.txt',
  ),
] as const satisfies readonly AnyDefinition[];
