// The samples of a DSDL data set as annotated images. A box has the label, flag and polygon of its own struct; MMDetection's
// DSDLDetDataset takes those of one number in lists over the whole sample, which are others as soon as one is absent.

import { DetLabError, nameOfValue } from '../../../errors';
import { flagOf, nameOf, numberOf } from '../../datasets/coco/fields';
import { readOutline } from '../../datasets/coco/outline';
import type { AnnotatedImage, AnnotatedObject } from '../annotated-image';
import type { ReadReport } from '../read-report';
import { type ClassLabels, classLabels } from './class-labels';
import { type FieldPath, written } from './definitions';
import type { Description, PlacedSample } from './description';
import { allOf, beside, type FieldValue, type Selected, selectFields, valuesOf } from './field-values';

/** Paths by MMDetection's names: Image, Label, Bbox, Polygon, ignore_flag, image_level_labels, is_group_of. */
export type KeyPaths = Readonly<Record<string, string>>;

export interface SampleOptions {
  paths: KeyPaths;
  /** Where a path is given, for messages. */
  where: string;
  polygons: boolean;
  imageLabels: boolean;
  hierarchy: boolean;
}

/** What is read beside each box. */
interface BoxFields {
  box: Selected;
  label: Selected;
  polygon?: Selected;
  flag?: Selected;
  group?: Selected;
}
interface SampleFields {
  images: Selected[];
  shapes: Selected[];
  boxes: BoxFields[];
  imageLabels: Selected[];
}

const CROWDS = ['iscrowd', 'is_crowd'];

/** @throws DetLabError for paths that are none, and samples without images or labelled boxes */
export function readImages(
  description: Description,
  options: SampleOptions,
  report: ReadReport,
): { images: AnnotatedImage[]; labels: ClassLabels } {
  const fields = sampleFields(description, options);
  const labelled = fields.boxes.map(({ label }) => label);
  const labels = classLabels(description.definitions, [...labelled, ...fields.imageLabels], options.hierarchy);
  if (labels.classes.length === 0)
    throw new DetLabError(
      `Cannot use "${description.file}": the labels of ${labelled.map(({ segments }) => written(segments)).join(', ')} have no classes` +
        (options.hierarchy ? ' below a root, as in "root.vehicle.car"' : ''),
    );
  const images = description.samples.flatMap((sample, i) => readSample(sample, i, fields, labels, report) ?? []);
  return { images, labels };
}

function sampleFields({ file, fields }: Description, options: SampleOptions): SampleFields {
  const { paths, where } = options;
  /** Those of a path, else those of a type. */
  const of = (key: string, type: string): Selected[] => {
    if (!(key in paths)) return allOf(fields, type);
    const selected = selectFields(fields, paths[key], `${where}.${key}`);
    const other = selected.find(({ field }) => field.type !== type);
    if (!other) return selected;
    throw new DetLabError(
      `Cannot use ${where}.${key} "${paths[key]}": expected a field of type ${type}, received one of type ${other.field.type}`,
    );
  };
  const flags = (key: string): Selected[] => (key in paths ? selectFields(fields, paths[key], `${where}.${key}`) : []);
  const found = { images: of('Image', 'Image'), boxes: of('Bbox', 'BBox'), labels: of('Label', 'Label') };
  if (found.images.length === 0 || found.boxes.length === 0)
    throw new DetLabError(
      `Cannot use "${file}" for detection: expected samples with fields of types Image and BBox, received ${typesOf(fields)}`,
    );
  const polygons = options.polygons ? of('Polygon', 'Polygon') : [];
  const boxes = found.boxes.map((box): BoxFields => {
    const label = beside(box, found.labels);
    if (!label)
      throw new DetLabError(
        `Cannot use "${file}": there is no Label beside ${written(box.segments)}. Labels are ${found.labels.map(({ segments }) => written(segments)).join(', ') || 'nowhere'}; ` +
          `give one for each box: { specific_key_path: { Label: './objects/*/label' } }`,
      );
    return {
      box,
      label,
      polygon: beside(box, polygons),
      flag: beside(box, flags('ignore_flag')),
      group: beside(box, flags('is_group_of')),
    };
  });
  return {
    images: found.images,
    shapes: of('ImageShape', 'ImageShape'),
    boxes,
    imageLabels: options.imageLabels ? of('image_level_labels', 'Label') : [],
  };
}

const typesOf = (fields: readonly FieldPath[]): string =>
  fields
    .slice(0, 20)
    .map(({ segments, type }) => `${written(segments)} (${type})`)
    .join(', ') || 'none';

/** The image of a sample; undefined, and a problem, where it names none. */
function readSample(
  sample: PlacedSample,
  id: number,
  fields: SampleFields,
  labels: ClassLabels,
  report: ReadReport,
): AnnotatedImage | undefined {
  const { file, value } = sample;
  const place = (key: string): string => `Key ${sample.key}${key && '/'}${key} of "${file}"`;
  const bad = (key: string, what: string, lost?: 'image'): undefined =>
    report.problem('bad-annotation', file, place(key), what, lost) as undefined;
  const read = (selected: Selected): FieldValue[] =>
    valuesOf(value, selected, (key, what) => bad(key, `${what}; skipped`));

  const [image, ...others] = fields.images.flatMap(read);
  const name = nameOf(image?.value);
  if (name === undefined)
    return bad(
      image?.key ?? '',
      `has ${image ? nameOfValue(image.value) : 'no value'} for its Image; skipped`,
      'image',
    );
  if (others.length > 0) report.count('further images of samples, which are not used', `${others[0].key} of "${file}"`);

  const objects = fields.boxes.flatMap((box) => readBoxes(box, read, labels, { file, place, report }));
  const verified = fields.imageLabels.flatMap((selected) =>
    read(selected).flatMap((given) => {
      const found = labels.read(given.value, selected);
      if (typeof found !== 'string') return [found.name];
      report.problem('unknown-category', file, place(given.key), `${found}; skipped`);
      return [];
    }),
  );
  return {
    names: [name],
    id,
    file,
    ...sizeOf(fields.shapes, read),
    objects,
    ...(fields.imageLabels.length > 0 && { fields: { image_level_labels: verified } }),
  };
}

function sizeOf(shapes: readonly Selected[], read: (selected: Selected) => FieldValue[]): Pick<AnnotatedImage, 'size'> {
  for (const shape of shapes)
    for (const { value } of read(shape)) {
      const [first, second] = Array.isArray(value) ? value.map(numberOf) : [];
      if (!first || !second) continue;
      const inWidths = shape.field.settings.get('mode') === 'wh';
      return { size: inWidths ? { width: first, height: second } : { width: second, height: first } };
    }
  return {};
}

interface Reported {
  file: string;
  place(key: string): string;
  report: ReadReport;
}

function readBoxes(
  { box, label, polygon, flag, group }: BoxFields,
  read: (selected: Selected) => FieldValue[],
  labels: ClassLabels,
  { file, place, report }: Reported,
): AnnotatedObject[] {
  const key = (indices: readonly number[]): string => indices.join();
  const byIndices = (selected: Selected | undefined) =>
    new Map(selected ? read(selected).map((found) => [key(found.indices), found]) : []);
  const [named, polygons, flagged, grouped] = [label, polygon, flag, group].map(byIndices);
  const crowds = flag !== undefined && CROWDS.includes(flag.segments.at(-1)!);
  return read(box).flatMap((given): AnnotatedObject[] => {
    const at = place(given.key);
    const belongs = (found: Map<string, FieldValue>): FieldValue | undefined => found.get(key(given.indices));
    const skipped = (kind: 'bad-annotation' | 'unknown-category', what: string): AnnotatedObject[] =>
      report.problem(kind, file, at, `${what}; skipped`) ?? [];
    const numbers = Array.isArray(given.value) && given.value.length === 4 ? given.value.map(numberOf) : [];
    if (numbers.length !== 4 || numbers.includes(undefined))
      return skipped('bad-annotation', `has ${nameOfValue(given.value)}: expected four numbers`);
    const name = belongs(named);
    if (!name) return skipped('unknown-category', `has no label ${written(label.segments)}`);
    const found = labels.read(name.value, label);
    if (typeof found === 'string') return skipped('unknown-category', found);
    const [x, y, w, h] = numbers as number[];
    const corners = box.field.settings.get('mode') === 'xyxy';
    const marked = flagOf(belongs(flagged)?.value);
    const outline = belongs(polygons);
    return [
      {
        name: found.name,
        place: at,
        box: corners ? [x, y, w, h] : [x, y, x + w, y + h],
        ...(marked && (crowds ? { crowd: true } : { ignored: true })),
        ...(flagOf(belongs(grouped)?.value) && { group: true }),
        ...(outline && outlineOf(outline, { file, place, report })),
      },
    ];
  });
}

/** [[[x, y], ...], ...], a polygon a part. */
function outlineOf({ value, key }: FieldValue, { file, place, report }: Reported): Pick<AnnotatedObject, 'outline'> {
  const flat = Array.isArray(value)
    ? value.map((part) => (Array.isArray(part) ? part.flat() : part))
    : { type: typeof value };
  const outline = readOutline(flat);
  if (outline.kind === 'usable') return { outline: outline.segmentation };
  if (outline.kind === 'bad') report.problem('bad-outline', file, place(key), `${outline.why}; only its box is used`);
  return {};
}
