// Plain CSV: a line for each box, with the columns that tutorials and tools use (filename, class, xmin, ...), in pixels or fractions;
// without a header, keras-retinanet's path,x1,y1,x2,y2,class. A line with an image alone is one without objects.

import path from 'node:path';
import { DetLabError } from '../../errors';
import { isImageName } from '../sources/image-files';
import type { AnnotatedImage, Corners } from './annotated-image';
import type { Format } from './format';
import { partsOf, splitName, splitOf } from './parts';
import type { ReadReport } from './read-report';
import { type CsvTable, readTable, separatorOf, type TableRow } from './read-table';

/** Spellings of the columns, without case and separators. */
const COLUMNS = {
  image: [
    'filename',
    'image',
    'imagepath',
    'imageid',
    'path',
    'file',
    'filepath',
    'img',
    'imagename',
    'imagefilename',
    'name',
  ],
  label: ['class', 'label', 'classname', 'labelname', 'category', 'labels', 'object', 'type', 'classid', 'categoryid'],
  width: ['imagewidth', 'imgwidth', 'imgw'],
  height: ['imageheight', 'imgheight', 'imgh'],
  x1: ['xmin', 'x1', 'left', 'bboxx1', 'bboxxmin', 'xtl'],
  y1: ['ymin', 'y1', 'top', 'bboxy1', 'bboxymin', 'ytl'],
  x2: ['xmax', 'x2', 'right', 'bboxx2', 'bboxxmax', 'xbr'],
  y2: ['ymax', 'y2', 'bottom', 'bboxy2', 'bboxymax', 'ybr'],
  x: ['x', 'bboxx', 'xcoord'],
  y: ['y', 'bboxy', 'ycoord'],
  w: ['w', 'bboxwidth', 'bboxw', 'boxwidth'],
  h: ['h', 'bboxheight', 'bboxh', 'boxheight'],
  bbox: ['bbox', 'box', 'boundingbox'],
  split: ['split', 'set', 'subset', 'mlusage'],
} as const;
type Column = keyof typeof COLUMNS;
const RETINANET = ['path', 'x1', 'y1', 'x2', 'y2', 'class'];

const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');

export const csv: Format = {
  name: 'csv',
  title: 'CSV',
  takes: ['images'],
  general: true,

  async recognise(place) {
    for (const file of place.samples('.csv', '.tsv')) {
      const [line = ''] = (await place.start(file)).split(/\r?\n/, 1);
      const cells = line.split(separatorOf(line)).map((cell) => cell.trim().replace(/^"|"$/g, ''));
      if (isUsable(columnsOf(cells)))
        return `"${place.relative(file)}" has the columns ${cells.slice(0, 6).join(', ')}`;
      if (isHeaderless(cells)) return `"${place.relative(file)}" has lines path, x1, y1, x2, y2, class`;
    }
    return undefined;
  },

  async read(place, { images }, report) {
    const found: (readonly [string, AnnotatedImage])[] = [];
    const classes = new Set<string>();
    for (const { path: file, stem } of place.files('.csv', '.tsv')) {
      const [line = ''] = (await place.start(file)).split(/\r?\n/, 1);
      const cells = line.split(separatorOf(line)).map((cell) => cell.trim().replace(/^"|"$/g, ''));
      const headerless = isHeaderless(cells);
      const columns = columnsOf(headerless ? RETINANET : cells);
      if (!isUsable(columns)) {
        if (place.file) throw noColumns(file, cells);
        continue;
      }
      const table = await readTable(file, report, headerless ? RETINANET : undefined);
      const base = path.posix.basename(stem);
      const named =
        splitOf(stem) !== 'train' ? splitOf(stem) : (/(train|val(id(ation)?)?|test)/i.exec(base)?.[1] ?? 'train');
      found.push(...imagesOf(table, columns, { file, split: splitName(named) }, report));
    }
    if (found.length === 0)
      throw new DetLabError(`Cannot load "${place.path}" as CSV: it has no file with a column of images and of boxes`);
    for (const [, { objects }] of found) for (const { name } of objects) classes.add(name);
    return { parts: partsOf(found, place.folder.imageFolders(images)) };
  },
};

type Columns = Partial<Record<Column, string>>;

/** The columns that are there; `width` and `height` are of the box where x and y are, else of the image. */
function columnsOf(names: readonly string[]): Columns {
  const found: Columns = {};
  for (const [column, spellings] of Object.entries(COLUMNS) as [Column, readonly string[]][]) {
    const spelling = spellings.find((one) => names.some((name) => plain(name) === one));
    if (spelling !== undefined) found[column] = names.find((name) => plain(name) === spelling);
  }
  const [width, height] = ['width', 'height'].map((side) => names.find((name) => plain(name) === side));
  if (found.x !== undefined && found.y !== undefined && found.w === undefined) [found.w, found.h] = [width, height];
  else if (found.width === undefined) [found.width, found.height] = [width, height];
  return found;
}

const isUsable = (c: Columns): boolean =>
  c.image !== undefined &&
  (c.bbox !== undefined || [c.x1, c.y1, c.x2, c.y2].every(Boolean) || [c.x, c.y, c.w, c.h].every(Boolean));

const isHeaderless = (cells: readonly string[]): boolean =>
  cells.length === 6 &&
  isImageName(cells[0]) &&
  cells.slice(1, 5).every((cell) => cell === '' || Number.isFinite(Number(cell)));

const noColumns = (file: string, cells: readonly string[]): DetLabError =>
  new DetLabError(
    `Cannot load "${file}" as CSV: expected a column of images (filename) and of boxes (xmin, ymin, xmax, ymax; x, y, width, height; ` +
      `or bbox), received ${cells.map((cell) => `"${cell}"`).join(', ')}`,
  );

/** The images of a table, of which each line is one object. */
function imagesOf(
  { rows }: CsvTable,
  columns: Columns,
  { file, split }: { file: string; split: string },
  report: ReadReport,
): (readonly [string, AnnotatedImage])[] {
  const byName = new Map<string, readonly [string, AnnotatedImage]>();
  const fractions = areFractions(rows, columns);
  if (fractions) report.notice(`the boxes of "${file}" are fractions of the image size`);
  for (const { fields, number } of rows) {
    const place = `Line ${number} of "${file}"`;
    const cell = (column: Column): string => (columns[column] === undefined ? '' : (fields[columns[column]] ?? ''));
    const name = cell('image').replaceAll('\\', '/');
    if (name === '') {
      report.problem('bad-annotation', file, place, 'names no image; skipped');
      continue;
    }
    let entry = byName.get(name);
    if (!entry) {
      const [width, height] = [Number(cell('width')), Number(cell('height'))];
      const size = width > 0 && height > 0 ? { width, height } : undefined;
      const names = isImageName(name) ? [name] : [`${name}.jpg`, name];
      const image: AnnotatedImage = {
        names,
        file,
        size,
        objects: [],
        ...(fractions && { unit: 'fractions' as const }),
      };
      entry = [cell('split') === '' ? split : splitName(cell('split').replace(/^training$/i, 'train')), image];
      byName.set(name, entry);
    }
    const box = boxOf(cell);
    if (box === 'none') continue;
    if (!box) {
      report.problem('bad-annotation', file, place, 'has no four numbers of a box; skipped');
      continue;
    }
    const label = cell('label');
    if (columns.label !== undefined && label === '') {
      report.problem('unknown-category', file, place, 'has no class; skipped');
      continue;
    }
    // Kaggle's files of one class have no column of it
    entry[1].objects.push({ name: label === '' ? 'object' : label, box, place });
  }
  return [...byName.values()];
}

/** The corners of a line; `none` for an image without objects. */
function boxOf(cell: (column: Column) => string): Corners | 'none' | undefined {
  const texts = cell('bbox') !== '' ? (cell('bbox').match(/-?\d*\.?\d+(e[+-]?\d+)?/gi) ?? []) : undefined;
  const corners = (['x1', 'y1', 'x2', 'y2'] as const).map(cell);
  const sided = (['x', 'y', 'w', 'h'] as const).map(cell);
  const given = texts ?? (corners.some((text) => text !== '') ? corners : sided);
  if (given.every((text) => text === '')) return 'none';
  const numbers = given.map((text) => (text === '' ? Number.NaN : Number(text)));
  if (numbers.length !== 4 || !numbers.every(Number.isFinite)) return undefined;
  const [a, b, c, d] = numbers;
  return given === corners ? [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)] : [a, b, a + c, b + d];
}

/** Whether no coordinate is above 1, and some are between 0 and 1. */
function areFractions(rows: readonly TableRow[], columns: Columns): boolean {
  let between = false;
  for (const { fields } of rows) {
    const box = boxOf((column) => (columns[column] === undefined ? '' : (fields[columns[column]] ?? '')));
    if (box === undefined || box === 'none') continue;
    if (box.some((value) => value > 1 || value < 0)) return false;
    if (box.some((value) => value > 0 && value < 1)) between = true;
  }
  return between;
}
