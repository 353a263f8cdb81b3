// CreateML's JSON (Apple's; labelImg, Roboflow): a list of images with boxes by centre and size in pixels.

import path from 'node:path';
import { DetLabError } from '../../errors';
import { fieldsOf, nameOf, numberOf } from '../datasets/coco/fields';
import type { AnnotatedImage, AnnotatedObject } from './annotated-image';
import type { Format } from './format';
import { partsOf, splitOf } from './parts';
import { readJsonValue } from './place';
import type { ReadReport } from './read-report';

type Fields = Record<string, unknown>;

const isCreateMl = (start: string): boolean =>
  /^\s*\[/.test(start) &&
  /"(image|imagefilename)"\s*:\s*"/.test(start) &&
  /"coordinates"\s*:\s*\{/.test(start) &&
  /"annotations?"\s*:\s*\[/.test(start);

export const createMl: Format = {
  name: 'create-ml',
  title: 'CreateML',
  takes: ['images'],

  async recognise(place) {
    for (const file of place.samples('.json'))
      if (isCreateMl(await place.start(file))) return `"${place.relative(file)}" lists images with coordinates`;
    return undefined;
  },

  async read(place, { images }, report) {
    const found: (readonly [string, AnnotatedImage])[] = [];
    const folders = new Set<string>();
    for (const { path: file, stem } of place.files('.json')) {
      if (!isCreateMl(await place.start(file))) continue;
      folders.add(path.dirname(file));
      const value = await readJsonValue(file, report);
      for (const [i, entry] of (Array.isArray(value) ? value : []).entries()) {
        const image = readImage(fieldsOf(entry), i + 1, file, report);
        if (image) found.push([splitOf(stem), image]);
      }
    }
    if (found.length === 0) throw new DetLabError(`Cannot load "${place.path}" as CreateML: it lists no images`);
    return { parts: partsOf(found, place.folder.imageFolders(images, [...folders])) };
  },
};

function readImage(
  entry: Fields | undefined,
  number: number,
  file: string,
  report: ReadReport,
): AnnotatedImage | undefined {
  const name = nameOf(entry?.image) ?? nameOf(entry?.imagefilename);
  if (!entry || name === undefined) {
    report.problem('bad-annotation', file, `Image ${number} of "${file}"`, 'has no name; skipped', 'image');
    return undefined;
  }
  const given = entry.annotations ?? entry.annotation;
  const objects = (Array.isArray(given) ? given : []).flatMap((annotation, i): AnnotatedObject[] => {
    const place = `Annotation ${number}.${i + 1} of "${file}"`;
    const fields = fieldsOf(annotation);
    const label = nameOf(fields?.label);
    const [x, y, w, h] = ['x', 'y', 'width', 'height'].map((key) => numberOf(fieldsOf(fields?.coordinates)?.[key]));
    if (label === undefined) return report.problem('unknown-category', file, place, 'has no label; skipped') ?? [];
    if (x === undefined || y === undefined || w === undefined || h === undefined)
      return report.problem('bad-annotation', file, place, `(${label}) has no x, y, width and height; skipped`) ?? [];
    return [{ name: label, box: [x - w / 2, y - h / 2, x + w / 2, y + h / 2], place }];
  });
  const own = path.resolve(path.dirname(file), name);
  return { names: [name.replaceAll('\\', '/')], path: own, file, objects };
}
