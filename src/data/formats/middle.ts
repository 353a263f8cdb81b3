// MMDetection's middle format, as JSON or a pickle: of versions before 3 a list of { filename, width, height, ann } with boxes
// [x1, y1, x2, y2] and label numbers (CustomDataset), since then { metainfo, data_list } of mmengine (BaseDetDataset).

import path from 'node:path';
import { plainPickle } from '../../checkpoints/plain-pickle';
import { DetLabError, nameOfValue } from '../../errors';
import { fieldsOf, flagOf, nameOf, numberOf } from '../datasets/coco/fields';
import { readOutline } from '../datasets/coco/outline';
import { LIMITS, readBounded } from '../loading/bounded-read';
import type { AnnotatedImage, AnnotatedObject, Corners } from './annotated-image';
import type { Format } from './format';
import { partsOf, splitName } from './parts';
import { readJsonValue } from './place';
import type { ReadReport } from './read-report';

type Fields = Record<string, unknown>;
const PICKLES = ['.pkl', '.pickle'];

const isMiddle = (start: string): boolean =>
  /"data_list"\s*:\s*\[/.test(start) ||
  (/^\s*\[/.test(start) && /"filename"\s*:/.test(start) && /"ann"\s*:\s*\{/.test(start));

/** A pickle whose strings are those of the format. */
const isPickle = (start: string): boolean =>
  /data_list|metainfo/.test(start) || (/filename/.test(start) && /\bann\b|ann[^o]/.test(start));

export const middle: Format = {
  name: 'middle',
  title: "MMDetection's middle format",
  takes: ['images'],
  listsImages: true,

  async recognise(place) {
    for (const file of place.samples('.json'))
      if (isMiddle(await place.start(file))) return `"${place.relative(file)}" lists filename and ann, or data_list`;
    for (const file of place.samples(...PICKLES))
      if (isPickle(await place.start(file))) return `"${place.relative(file)}" is a pickle of images with ann`;
    return undefined;
  },

  async read(place, { images, classes }, report) {
    const found: (readonly [string, AnnotatedImage])[] = [];
    let names: string[] | undefined;
    for (const { path: file, stem, extension } of place.files('.json', ...PICKLES)) {
      const pickled = PICKLES.includes(extension);
      const start = await place.start(file);
      if (!(pickled ? place.file || isPickle(start) : isMiddle(start))) continue;
      const value = pickled
        ? plainPickle(await readBounded(file, LIMITS.json), file)
        : await readJsonValue(file, report);
      const fields = fieldsOf(value);
      const entries = Array.isArray(value) ? value : fields?.data_list;
      if (!Array.isArray(entries))
        throw new DetLabError(
          `Cannot use "${file}" as MMDetection's middle format: expected a list of images or { metainfo, data_list }, received ${nameOfValue(value)}`,
        );
      const own = classesOf(fieldsOf(fields?.metainfo));
      names ??= own;
      const label = labelNames(own ?? classes);
      const split = splitName(
        /(train|val(id(ation)?)?|test)(?=\d*$|_)/i.exec(path.posix.basename(stem))?.[1] ?? 'train',
      );
      for (const [i, entry] of entries.entries()) {
        const image = readEntry(fieldsOf(entry), i + 1, { file, label }, report);
        if (image) found.push([split, image]);
      }
      if (own === undefined && classes === undefined)
        report.notice(
          'the format names no classes: they are called by their numbers. Give names: { classes: [...] }, the first is 0',
        );
    }
    if (found.length === 0)
      throw new DetLabError(`Cannot load "${place.path}" as MMDetection's middle format: it lists no images`);
    const declared = names ?? (classes && [...classes]);
    return { parts: partsOf(found, place.folder.imageFolders(images)), classes: declared };
  },
};

function classesOf(metainfo: Fields | undefined): string[] | undefined {
  const given = metainfo?.classes ?? metainfo?.CLASSES;
  const names = (Array.isArray(given) ? given : []).map(nameOf);
  return names.length > 0 && names.every((name) => name !== undefined) ? (names as string[]) : undefined;
}

type LabelName = (label: unknown) => string | undefined;

const labelNames =
  (names: readonly string[] | undefined): LabelName =>
  (label) => {
    const number = numberOf(label);
    if (number === undefined || !Number.isInteger(number) || number < 0) return undefined;
    return names ? names[number] : String(number);
  };

interface Context {
  file: string;
  label: LabelName;
}

function readEntry(
  entry: Fields | undefined,
  number: number,
  context: Context,
  report: ReadReport,
): AnnotatedImage | undefined {
  const name = nameOf(entry?.filename) ?? nameOf(entry?.img_path) ?? nameOf(entry?.file_name);
  const { file } = context;
  if (!entry || name === undefined) {
    report.problem(
      'bad-annotation',
      file,
      `Image ${number} of "${file}"`,
      'has neither filename nor img_path; skipped',
      'image',
    );
    return undefined;
  }
  const [width, height] = [numberOf(entry.width), numberOf(entry.height)];
  const size = width && height ? { width, height } : undefined;
  const ann = fieldsOf(entry.ann);
  const objects = ann ? columns(ann, number, context, report) : instances(entry.instances, number, context, report);
  const id = numberOf(entry.img_id);
  return { names: [name.replaceAll('\\', '/')], file, size, objects, ...(id !== undefined && { id }) };
}

/** Columns of boxes and labels; those of `bboxes_ignore` are ignored. */
function columns(ann: Fields, number: number, { file, label }: Context, report: ReadReport): AnnotatedObject[] {
  return ['', '_ignore'].flatMap((suffix) => {
    const boxes = Array.isArray(ann[`bboxes${suffix}`]) ? (ann[`bboxes${suffix}`] as unknown[]) : [];
    const labels = Array.isArray(ann[`labels${suffix}`]) ? (ann[`labels${suffix}`] as unknown[]) : [];
    return boxes.flatMap((given, i): AnnotatedObject[] => {
      const place = `Box ${number}.${i + 1}${suffix && ' (ignore)'} of "${file}"`;
      const box = cornersOf(given);
      if (!box) return report.problem('bad-annotation', file, place, 'has no four numbers; skipped') ?? [];
      const name = label(labels[i]);
      // ignored boxes may have no labels: they are of every class
      if (name === undefined && suffix !== '' && labels.length === 0)
        return [{ name: '', box, place, ignored: true, everyClass: true }];
      if (name === undefined)
        return (
          report.problem(
            'unknown-category',
            file,
            place,
            `has the label ${nameOfValue(labels[i])}, which is no class; skipped`,
          ) ?? []
        );
      return [{ name, box, place, ...(suffix !== '' && { ignored: true }) }];
    });
  });
}

function instances(given: unknown, number: number, { file, label }: Context, report: ReadReport): AnnotatedObject[] {
  return (Array.isArray(given) ? given : []).flatMap((entry, i): AnnotatedObject[] => {
    const fields = fieldsOf(entry);
    const place = `Instance ${number}.${i + 1} of "${file}"`;
    const box = cornersOf(fields?.bbox);
    if (!fields || !box)
      return report.problem('bad-annotation', file, place, 'has no bbox of four numbers; skipped') ?? [];
    const name = label(fields.bbox_label ?? fields.label);
    if (name === undefined)
      return (
        report.problem(
          'unknown-category',
          file,
          place,
          `has the bbox_label ${nameOfValue(fields.bbox_label)}, which is no class; skipped`,
        ) ?? []
      );
    const outline = readOutline(fields.mask);
    return [
      {
        name,
        box,
        place,
        ...(outline.kind === 'usable' && { outline: outline.segmentation }),
        ...(flagOf(fields.ignore_flag) && { ignored: true }),
      },
    ];
  });
}

function cornersOf(given: unknown): Corners | undefined {
  const box = Array.isArray(given) && given.length === 4 ? given.map(numberOf) : [];
  return box.length === 4 && box.every((value) => value !== undefined) ? (box as Corners) : undefined;
}
