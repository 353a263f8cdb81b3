// COCO's panoptic format: one annotation an image, with its segments; their pixels are in a PNG file, named as the image. Things
// become the objects of the image. Without area or thinner than a pixel, a segment is skipped.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { DetLabError } from '../../../errors';
import { SEGMENT } from '../../../masks';
import type { ImageRecord } from '../../types';
import { AnnotationTable } from './annotation-table';
import type { Category } from './categories';
import { fieldsOf, flagOf, type Key, keyOf, nameOf, numberOf } from './fields';
import type { CocoImage } from './images';
import type { CocoReport } from './report';

interface Segment {
  id: number;
  category: Key | undefined;
  isCrowd: boolean;
}

interface PanopticAnnotation {
  /** As annotated, without folders. */
  fileName?: string;
  segments: Segment[];
}

export interface PanopticContent {
  /** By image. */
  annotations: Map<Key, PanopticAnnotation>;
  things: AnnotationTable;
}

/** @throws DetLabError for a file whose annotations have no segments */
export function panopticContent(
  table: AnnotationTable,
  categories: ReadonlyMap<Key, Category>,
  file: string,
): PanopticContent {
  if (!table.panoptic && table.length > 0)
    throw new DetLabError(
      `Cannot use "${file}" as a panoptic annotation file: its annotations have no segments_info. Give the panoptic file, ` +
        'or use CocoDataset',
    );
  const annotations = new Map<Key, PanopticAnnotation>();
  const things = new AnnotationTable();
  things.idsRepeat = true;
  for (const entry of table.objects.values()) {
    const fields = fieldsOf(entry);
    const image = keyOf(fields?.image_id);
    if (image === undefined || !Array.isArray(fields?.segments_info)) continue;
    const segments: Segment[] = [];
    for (const given of fields.segments_info) {
      const info = fieldsOf(given);
      const id = numberOf(info?.id);
      if (!info || id === undefined || !hasExtent(info)) continue;
      const category = keyOf(info.category_id);
      segments.push({ id, category, isCrowd: flagOf(info.iscrowd) });
      const known = category === undefined ? undefined : categories.get(category);
      if (known?.isThing !== false) things.parsed({ ...info, image_id: image });
    }
    annotations.set(image, { fileName: nameOf(fields.file_name), segments });
  }
  return { annotations, things };
}

function hasExtent({ bbox, area }: Record<string, unknown>): boolean {
  if ((numberOf(area) ?? 1) <= 0) return false;
  return !Array.isArray(bbox) || bbox.length !== 4 || (Number(bbox[2]) >= 1 && Number(bbox[3]) >= 1);
}

/** The names of the categories in the file's order, those of things before those of stuff. */
export function thingsFirst(categories: ReadonlyMap<Key, Category>): string[] {
  const all = [...categories.values()];
  const names = [...all.filter(({ isThing }) => isThing), ...all.filter(({ isThing }) => !isThing)].map(
    ({ name }) => name,
  );
  return [...new Set(names)];
}

interface Place {
  classes: readonly string[];
  categories: ReadonlyMap<Key, Category>;
  folder: string;
  report: CocoReport;
}

/** Gives each record its segments and the file of their pixels; reports files that are not there. */
export function addSegments(
  records: readonly ImageRecord[],
  images: readonly CocoImage[],
  { annotations }: PanopticContent,
  { classes, categories, folder, report }: Place,
): void {
  const named = new Map(images.map((image) => [image.id, image]));
  const isThing = new Map([...categories.values()].map((category) => [category.name, category.isThing]));
  const late = classes.find(
    (name, i) => isThing.get(name) && classes.slice(0, i).some((before) => isThing.get(before) === false),
  );
  if (late !== undefined)
    throw new DetLabError(
      `Cannot use the classes of "${report.file}" in this order: "${late}" has objects and comes after a class of stuff. ` +
        'List things before stuff',
    );
  const labelOf = new Map([...categories].map(([key, { name }]) => [key, classes.indexOf(name)]));
  for (const record of records) {
    const image = named.get(record.id);
    const annotation = image && annotations.get(image.key);
    if (!image || !annotation) continue;
    const used = annotation.segments.flatMap((segment) => {
      const label = segment.category === undefined ? -1 : (labelOf.get(segment.category) ?? -1);
      return label < 0 ? [] : [{ ...segment, label, isThing: categories.get(segment.category!)!.isThing }];
    });
    const file = mapFile(folder, annotation.fileName, image.name);
    if (!existsSync(file)) {
      const message = `Cannot find the panoptic map "${file}" of image ${image.key}`;
      report.problems.push({ kind: 'missing-image', file, id: image.key, message, lost: 'nothing' });
    }
    record.panoptic = {
      file,
      ids: Int32Array.from(used, ({ id }) => id),
      labels: Int32Array.from(used, ({ label }) => label),
      kinds: Uint8Array.from(used, ({ isThing, isCrowd }) =>
        isCrowd ? SEGMENT.crowd : isThing ? SEGMENT.thing : SEGMENT.stuff,
      ),
    };
  }
}

/** As the annotation names it, or as the image is called. */
function mapFile(folder: string, fileName: string | undefined, image: string): string {
  const named = path.join(folder, image.replace(/\.[^./]+$/, '.png'));
  if (fileName === undefined) return named;
  const annotated = path.resolve(folder, fileName);
  const inside = !path.relative(folder, annotated).startsWith('..');
  return inside && (existsSync(annotated) || !existsSync(named)) ? annotated : named;
}
