// The usable annotations of a COCO file with their labels, grouped by image.

import type { Segmentation } from '../../../masks';
import type { ShardBuilder } from '../../columns/shard-builder';
import { textAt } from '../../columns/text-blocks';
import { type CocoAnnotation, readAnnotation, type Xywh } from './annotation';
import {
  type AnnotationChunk,
  CHUNK_BITS,
  CHUNK_MASK,
  CROWD,
  GROUP,
  IGNORE,
  NO_AREA,
  OBJECT,
  POLYGONS,
} from './annotation-chunk';
import type { AnnotationTable } from './annotation-table';
import type { Category } from './categories';
import { fieldsOf, type Key, keyOf } from './fields';
import {
  contradicts,
  excess,
  groundTruthRows,
  type LabelledAnnotation,
  type SizedImage,
  TOLERANCE,
} from './ground-truth';
import type { CocoImage } from './images';
import { keyIndex } from './key-index';
import { repeatedIds } from './repeated-ids';
import type { CocoReport } from './report';
import { BoxSuspicions } from './suspicions';

interface Context {
  categories: ReadonlyMap<Key, Category>;
  classes: readonly string[];
  images: readonly CocoImage[];
}

/** Labels that are none. */
const [OTHER_CLASS, NO_CATEGORY] = [-1, -2];

export class LabelledAnnotations {
  /** Of the image with number i, its annotations are `order[starts[i]]` to `order[starts[i + 1] - 1]`. */
  readonly starts: Int32Array;
  readonly order: Int32Array;
  readonly labels: Int32Array;
  /** Number of those of each category that is not among the classes. */
  readonly others = new Map<string, number>();
  /** Annotations that are not in the columns of the table. */
  private readonly objects = new Map<number, LabelledAnnotation>();

  constructor(
    readonly table: AnnotationTable,
    private readonly context: Context,
    report: CocoReport,
  ) {
    this.labels = new Int32Array(table.length);
    const images = this.assign(report); // the image of each, or -1
    this.starts = new Int32Array(context.images.length + 1);
    for (const image of images) if (image >= 0) this.starts[image + 1]++;
    for (let i = 0; i < context.images.length; i++) this.starts[i + 1] += this.starts[i];
    this.order = new Int32Array(this.starts[context.images.length]);
    const next = this.starts.slice();
    for (let i = 0; i < images.length; i++) if (images[i] >= 0) this.order[next[images[i]]++] = i;
  }

  /** The annotation with this number as an object. */
  at(index: number): LabelledAnnotation {
    const object = this.objects.get(index);
    if (object) return object;
    const chunk = this.table.chunks[index >> CHUNK_BITS];
    const row = index & CHUNK_MASK;
    const flags = chunk.flags[row];
    const outlined = (flags & POLYGONS) !== 0;
    return {
      id: chunk.ids[row],
      image: chunk.images[row],
      category: chunk.categories[row],
      area: flags & NO_AREA ? undefined : chunk.areas[row],
      crowd: (flags & CROWD) !== 0,
      ignore: (flags & IGNORE) !== 0,
      group: (flags & GROUP) !== 0,
      bbox: Array.from(chunk.boxes.subarray(4 * row, 4 * row + 4)) as Xywh,
      turned: false,
      outlined,
      segmentation: outlined
        ? (JSON.parse(
            textAt(this.table.texts.blocks, chunk.outlines![row], chunk.outlineLengths![row]),
          ) as Segmentation)
        : undefined,
      label: this.labels[index],
    };
  }

  /** The numbers of the annotations of an image. */
  private of(image: number): Int32Array {
    return this.order.subarray(this.starts[image], this.starts[image + 1]);
  }

  /** Whether the size of an image contradicts its annotations, so that the file should be asked. */
  contradict(image: number, size: { width: number; height: number }): boolean {
    const { order, starts } = this;
    for (let k = starts[image]; k < starts[image + 1]; k++) {
      const chunk = this.table.chunks[order[k] >> CHUNK_BITS];
      const row = order[k] & CHUNK_MASK;
      if (chunk.flags[row] & OBJECT) {
        if (contradicts([this.at(order[k])], size)) return true;
      } else if (excessOf(chunk, row, size) > TOLERANCE) return true;
    }
    return false;
  }

  /** Writes the ground truth of an image. Annotations of which something is reported are written as `groundTruth` says. */
  write(image: number, named: SizedImage, builder: ShardBuilder, report: CocoReport): void {
    const { order, starts } = this;
    for (let k = starts[image]; k < starts[image + 1]; k++)
      if (!this.isPlain(order[k], named) || this.isRepeated(starts[image], k)) {
        builder.rows(
          groundTruthRows(
            Array.from(this.of(image), (index) => this.at(index)),
            named,
            report,
          ),
        );
        return;
      }
    for (let k = starts[image]; k < starts[image + 1]; k++) this.writePlain(order[k], builder);
  }

  /** Whether it is in the columns and used as it is, with nothing to report. */
  private isPlain(index: number, size: SizedImage): boolean {
    const chunk = this.table.chunks[index >> CHUNK_BITS];
    const row = index & CHUNK_MASK;
    const flags = chunk.flags[row];
    if (flags & OBJECT || (flags & NO_AREA && flags & POLYGONS)) return false;
    const [x, y] = [chunk.boxes[4 * row], chunk.boxes[4 * row + 1]];
    const [w, h] = [chunk.boxes[4 * row + 2], chunk.boxes[4 * row + 3]];
    const isUsed = w >= 1 && h >= 1 && (flags & NO_AREA || chunk.areas[row] > 0);
    const isInside = x + w > 0 && y + h > 0 && x < size.width && y < size.height;
    return Boolean(isUsed) && isInside && excessOf(chunk, row, size) <= TOLERANCE;
  }

  /** Whether an annotation of the image before it has the same box, label and crowd. */
  private isRepeated(first: number, k: number): boolean {
    const { order, labels } = this;
    const { chunks } = this.table;
    const chunk = chunks[order[k] >> CHUNK_BITS];
    const row = order[k] & CHUNK_MASK;
    const [x, y] = [chunk.boxes[4 * row], chunk.boxes[4 * row + 1]];
    const [right, bottom] = [x + chunk.boxes[4 * row + 2], y + chunk.boxes[4 * row + 3]];
    for (let before = first; before < k; before++) {
      const { boxes, flags } = chunks[order[before] >> CHUNK_BITS];
      const at = 4 * (order[before] & CHUNK_MASK);
      if (boxes[at] !== x || boxes[at + 1] !== y) continue;
      if (boxes[at] + boxes[at + 2] !== right || boxes[at + 1] + boxes[at + 3] !== bottom) continue;
      const isCrowd = (flags[at >> 2] & CROWD) === (chunk.flags[row] & CROWD);
      if (isCrowd && labels[order[before]] === labels[order[k]]) return true;
    }
    return false;
  }

  private writePlain(index: number, builder: ShardBuilder): void {
    const chunk = this.table.chunks[index >> CHUNK_BITS];
    const row = index & CHUNK_MASK;
    const flags = chunk.flags[row];
    const [x, y] = [chunk.boxes[4 * row], chunk.boxes[4 * row + 1]];
    const [w, h] = [chunk.boxes[4 * row + 2], chunk.boxes[4 * row + 3]];
    const area = flags & NO_AREA ? w * h : chunk.areas[row];
    builder.object(x, y, x + w, y + h, this.labels[index], area, chunk.ids[row]);
    builder.flags((flags & (CROWD | IGNORE)) !== 0, (flags & CROWD) !== 0, (flags & GROUP) !== 0);
    if (flags & POLYGONS) builder.outline(chunk.outlines![row], chunk.outlineLengths![row]);
  }

  /** The image of each annotation, or -1 of one that is not used; sets the labels. */
  private assign(report: CocoReport): Int32Array {
    const { table, labels } = this;
    const { images } = this.context;
    const found = new Int32Array(table.length).fill(-1);
    const imageOf = keyIndex(images.map(({ key }) => key));
    const labelOf = this.labelOfCategory();
    const missing = [...table.objects.values()].filter((entry) => keyOf(fieldsOf(entry)?.id) === undefined).length;
    let free = missing > 0 ? firstFree(table) : 0;
    if (missing > 0) report.notice(`${missing} of ${table.length} annotations have no id; numbered from ${free}`);
    const duplicates = new Duplicates(this, found, report);
    const boxes = new BoxSuspicions();
    let turned = 0;
    for (let i = 0; i < table.length; i++) {
      const chunk = table.chunks[i >> CHUNK_BITS];
      const row = i & CHUNK_MASK;
      let annotation: CocoAnnotation | undefined;
      if (chunk.flags[row] & OBJECT) {
        const entry = table.objects.get(i);
        annotation = readAnnotation(entry, free, report);
        if (keyOf(fieldsOf(entry)?.id) === undefined) free++;
        if (!annotation) continue;
      }
      const id = annotation ? annotation.id : chunk.ids[row];
      const category = annotation ? annotation.category : chunk.categories[row];
      const key = annotation ? annotation.image : chunk.images[row];
      const label = labelOf(category);
      if (label === NO_CATEGORY) {
        reportCategory(id, category, report);
        continue;
      }
      const image = imageOf(key);
      if (image < 0) {
        reportImage(id, key, report);
        continue;
      }
      if (label === OTHER_CLASS) {
        const { name } = this.context.categories.get(category!)!;
        this.others.set(name, (this.others.get(name) ?? 0) + 1);
        continue;
      }
      labels[i] = label;
      if (annotation) this.objects.set(i, Object.assign(annotation, { label }));
      duplicates.note(i, id, image);
      found[i] = image;
      if (annotation?.turned) turned++;
      if (annotation) boxes.add(...annotation.bbox, images[image].size);
      else {
        const { boxes: all } = chunk;
        boxes.add(all[4 * row], all[4 * row + 1], all[4 * row + 2], all[4 * row + 3], images[image].size);
      }
    }
    if (turned > 0)
      report.notice(
        `${turned} ${turned === 1 ? 'box has' : 'boxes have'} an angle (attributes.rotation); the upright box around the turned one is used`,
      );
    boxes.report(report);
    return found;
  }

  /** The label of a category by its key, or that it is none of the classes or not listed. */
  private labelOfCategory(): (key: Key | undefined) => number {
    const { categories, classes } = this.context;
    const labelOfName = new Map(classes.map((name, i) => [name, i]));
    const place = keyIndex([...categories.keys()]);
    const labels = Int32Array.from(categories.values(), ({ name }) => labelOfName.get(name) ?? OTHER_CLASS);
    return (key) => {
      const at = place(key);
      return at < 0 ? NO_CATEGORY : labels[at];
    };
  }
}

const excessOf = ({ boxes }: AnnotationChunk, row: number, size: { width: number; height: number }): number =>
  excess(boxes[4 * row], boxes[4 * row + 1], boxes[4 * row + 2], boxes[4 * row + 3], size);

function reportCategory(id: Key, category: Key | undefined, report: CocoReport): void {
  const what =
    category === undefined ? 'has no category_id' : `has category_id ${category}, which "categories" does not list`;
  report.annotation('unknown-category', id, `${what}; skipped`);
}

function reportImage(id: Key, image: Key | undefined, report: CocoReport): void {
  const what = image === undefined ? 'has no image_id' : `belongs to image ${image}, which "images" does not list`;
  report.annotation('bad-annotation', id, `${what}; skipped`);
}

/** Reports ids of several annotations. The same annotation twice in one image is found beside its ground truth. */
class Duplicates {
  private readonly repeated: ReadonlySet<Key>;
  /** Usable annotations so far of a repeated id. */
  private readonly known = new Map<Key, number[]>();
  private readonly reported = new Set<Key>();

  constructor(
    private readonly annotations: LabelledAnnotations,
    private readonly images: Int32Array,
    private readonly report: CocoReport,
  ) {
    this.repeated = repeatedIds(annotations.table);
  }

  note(index: number, id: Key, image: number): void {
    if (this.repeated.size === 0 || !this.repeated.has(id) || this.reported.has(id)) return;
    const others = this.known.get(id);
    if (!others) {
      this.known.set(id, [index]);
      return;
    }
    const annotation = this.annotations.at(index);
    const twice = others.some(
      (other) => this.images[other] === image && isSame(this.annotations.at(other), annotation),
    );
    others.push(index);
    if (twice) return;
    this.reported.add(id);
    this.report.annotation('duplicate', id, 'is the id of several annotations; all are used');
  }
}

const isSame = (a: CocoAnnotation, b: CocoAnnotation): boolean =>
  a.category === b.category && a.bbox.every((v, i) => v === b.bbox[i]);

function firstFree(table: AnnotationTable): number {
  let highest = 0;
  for (let i = 0; i < table.length; i++) {
    const entry = table.objects.get(i);
    const id = entry === undefined ? table.chunks[i >> CHUNK_BITS].ids[i & CHUNK_MASK] : Number(fieldsOf(entry)?.id);
    if (Number.isSafeInteger(id)) highest = Math.max(highest, id);
  }
  return highest + 1;
}

/** The categories of annotations. */
export function usedCategories({ chunks, objects, length }: AnnotationTable): Set<Key> {
  const used = new Set<Key>();
  let last: number | undefined;
  for (let i = 0; i < length; i++) {
    const chunk = chunks[i >> CHUNK_BITS];
    const row = i & CHUNK_MASK;
    if (chunk.flags[row] & OBJECT) {
      const key = keyOf(fieldsOf(objects.get(i))?.category_id);
      if (key !== undefined) used.add(key);
    } else if (chunk.categories[row] !== last) {
      last = chunk.categories[row];
      used.add(last);
    }
  }
  return used;
}
