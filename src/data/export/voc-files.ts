// Pascal VOC: Annotations, ImageSets/Main and JPEGImages. Coordinates are whole pixels from 1, as MMDetection reads them (all four
// minus 1), and boxes with fractions are rounded; or positions from 0, as datumaro, globox and FiftyOne read and write them. Of an
// outline the box around it is written; crowds and ignored objects are difficult. labelmap.txt names the classes for datumaro.

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

export type FirstPixel = 0 | 1;

export function vocFiles(
  parts: readonly ExportPart[],
  classes: readonly string[],
  firstPixel: FirstPixel = 1,
): ExportFiles {
  const fractions = countObjectsOf(parts, ({ box }) => !box.every(Number.isInteger));
  const outlines = countObjectsOf(parts, ({ outline }) => outline !== undefined);
  const crowds = countObjectsOf(parts, ({ crowd }) => crowd);
  const beyond = countObjectsOf(parts, extendsBeyond);
  const losses = [
    [outlines, 'written as the boxes around their outlines, of which VOC has none'],
    [crowds, 'crowds, written as difficult'],
    [firstPixel === 1 ? fractions : 0, 'rounded to whole pixels, of which VOC counts'],
    [firstPixel === 1 ? beyond : 0, 'cut to their images'],
  ] as const;
  return {
    images: () => 'JPEGImages',
    *files() {
      for (const { name, dataset, names } of parts) {
        for (const [i, record] of dataset.records.entries())
          yield [`Annotations/${stemOf(names[i])}.xml`, xmlOf(record, names[i], classes, firstPixel)];
        yield [`ImageSets/Main/${name}.txt`, names.map((file) => `${stemOf(file)}\n`).join('')];
      }
      // its separator cannot be in a name
      if (!classes.some((name) => name.includes(':')))
        yield ['labelmap.txt', `# label:color_rgb:parts:actions\n${classes.map((name) => `${name}:::\n`).join('')}`];
    },
    losses: losses.filter(([count]) => count > 0).map(([count, what]) => `${objectsAre(count)} ${what}`),
  };
}

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string): string => text.replace(/[&<>"]/g, (character) => ESCAPES[character]);

function xmlOf(record: ImageRecord, name: string, classes: readonly string[], firstPixel: FirstPixel): string {
  const { width, height } = record;
  const objects = objectsOf(record).map(({ label, box: [x1, y1, x2, y2], ignored }) => {
    const inside = (value: number, side: number) =>
      firstPixel === 0 ? value : Math.min(Math.max(Math.round(value), 0), side) + 1;
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
    // by which DetLab knows positions from 0
    (firstPixel === 0 ? '  <owner><name>DetLab</name></owner>\n' : '') +
    `  <size><width>${width}</width><height>${height}</height><depth>3</depth></size>\n  <segmented>0</segmented>\n` +
    `${objects.join('')}</annotation>\n`
  );
}
