// Pascal VOC: Annotations, ImageSets/Main and JPEGImages. Coordinates are whole pixels from 1, as MMDetection reads them (all four
// minus 1): boxes with fractions are rounded. Of an outline the box around it is written; crowds and ignored objects are difficult.

import type { ImageRecord } from '../types';
import {
  countObjectsOf,
  type ExportFiles,
  type ExportPart,
  extendsBeyond,
  objectsAre,
  objectsOf,
  stemOf,
} from './export-files';

export function vocFiles(parts: readonly ExportPart[], classes: readonly string[]): ExportFiles {
  const fractions = countObjectsOf(parts, ({ box }) => !box.every(Number.isInteger));
  const outlines = countObjectsOf(parts, ({ outline }) => outline !== undefined);
  const crowds = countObjectsOf(parts, ({ crowd }) => crowd);
  const beyond = countObjectsOf(parts, extendsBeyond);
  const losses = [
    [outlines, 'written as the boxes around their outlines, of which VOC has none'],
    [crowds, 'crowds, written as difficult'],
    [fractions, 'rounded to whole pixels, of which VOC counts'],
    [beyond, 'cut to their images'],
  ] as const;
  return {
    images: () => 'JPEGImages',
    *files() {
      for (const { name, dataset, names } of parts) {
        for (const [i, record] of dataset.records.entries())
          yield [`Annotations/${stemOf(names[i])}.xml`, xmlOf(record, names[i], classes)];
        yield [`ImageSets/Main/${name}.txt`, names.map((file) => `${stemOf(file)}\n`).join('')];
      }
    },
    losses: losses.filter(([count]) => count > 0).map(([count, what]) => `${objectsAre(count)} ${what}`),
  };
}

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string): string => text.replace(/[&<>"]/g, (character) => ESCAPES[character]);

function xmlOf(record: ImageRecord, name: string, classes: readonly string[]): string {
  const { width, height } = record;
  const objects = objectsOf(record).map(({ label, box: [x1, y1, x2, y2], ignored }) => {
    const inside = (value: number, side: number) => Math.min(Math.max(Math.round(value), 0), side) + 1;
    const corners = {
      xmin: inside(x1, width),
      ymin: inside(y1, height),
      xmax: inside(x2, width),
      ymax: inside(y2, height),
    };
    const numbers = Object.entries(corners).map(([key, value]) => `<${key}>${value}</${key}>`);
    return (
      `  <object>\n    <name>${escaped(classes[label])}</name>\n    <pose>Unspecified</pose>\n    <truncated>0</truncated>\n` +
      `    <difficult>${ignored ? 1 : 0}</difficult>\n    <bndbox>${numbers.join('')}</bndbox>\n  </object>\n`
    );
  });
  return (
    `<annotation>\n  <folder>JPEGImages</folder>\n  <filename>${escaped(name)}</filename>\n` +
    `  <size><width>${width}</width><height>${height}</height><depth>3</depth></size>\n  <segmented>0</segmented>\n` +
    `${objects.join('')}</annotation>\n`
  );
}
