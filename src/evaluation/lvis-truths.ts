// What LVIS knows of an image: its objects, the classes that are certainly not there, and those of which it may have more objects
// than are annotated (Gupta et al., CVPR 2019, section 3.3: a federated dataset).

import type { Dataset } from '../data/types';
import { DetLabError } from '../errors';
import { type CocoFile, type ImageTruths, truthsOfCoco, truthsOfRecord } from './image-truths';

export interface FederatedImage {
  truths: ImageTruths;
  /** Labels of classes that are not in the image. */
  absent: ReadonlySet<number>;
  /** Labels of classes that are not exhaustively annotated. */
  open: ReadonlySet<number>;
}

interface FederatedFields {
  neg_category_ids?: unknown;
  not_exhaustive_category_ids?: unknown;
}

export interface LvisTruths {
  images: FederatedImage[];
  /** Of each class, r, c or f: rare, common or frequent in the training images; undefined where the file does not say. */
  frequencies: (string | undefined)[];
}

/** @throws DetLabError for data without LVIS's lists of categories */
export function lvisTruthsOfDataset({ records, classes, categories = [], name }: Dataset): LvisTruths {
  if (records.length > 0 && !records.some(({ fields }) => Array.isArray(fields?.neg_category_ids)))
    throw lacking(`"${name}"`);
  const labelOf = new Map(categories.map(({ id, label }) => [id, label]));
  const images = records.map((record): FederatedImage => {
    const truths = truthsOfRecord(record);
    // a crowd is an object like any other
    const ignored = truths.ignored.map((flag, g) => (record.crowds?.[g] ? 0 : flag));
    return { truths: { ...truths, ignored }, ...listsOf(record.fields ?? {}, labelOf) };
  });
  const frequencies = classes.map((_, label) => categories.find((category) => category.label === label)?.frequency);
  return { images, frequencies };
}

/** As lvis-api reads the file. */
export function lvisTruthsOfCoco(coco: CocoFile, classes: readonly string[], file: string): LvisTruths {
  if (coco.images.length > 0 && !coco.images.some((image) => Array.isArray(image.neg_category_ids)))
    throw lacking(`"${file}"`);
  const labelOf = new Map(coco.categories.map(({ id, name }) => [id, classes.indexOf(name)]));
  const annotations = coco.annotations.map((annotation) => ({ ...annotation, iscrowd: annotation.ignore }));
  const fieldsOf = new Map(coco.images.map((image) => [image.id, image]));
  const images = truthsOfCoco({ ...coco, annotations }, classes).map(
    (truths): FederatedImage => ({ truths, ...listsOf(fieldsOf.get(truths.imageId)!, labelOf) }),
  );
  const frequencies = classes.map((name) => coco.categories.find((category) => category.name === name)?.frequency);
  return { images, frequencies };
}

function listsOf(fields: FederatedFields, labelOf: ReadonlyMap<number, number>) {
  const labels = (ids: unknown) =>
    new Set((Array.isArray(ids) ? ids : []).map((id) => labelOf.get(id) ?? -1).filter((label) => label >= 0));
  return { absent: labels(fields.neg_category_ids), open: labels(fields.not_exhaustive_category_ids) };
}

const lacking = (what: string): DetLabError =>
  new DetLabError(
    `Cannot evaluate ${what} by LVIS's rules: its images have no neg_category_ids, the classes that are certainly not there. ` +
      "Use LVIS's own annotation file, or { type: 'CocoMetric' }",
  );
