// The image files of the annotations of a split: each is the image of one annotation; what is missing or guessed is said.

import path from 'node:path';
import { DetLabError } from '../../../errors';
import type { VocAnnotation } from './annotation';
import type { VocFolder } from './folder';
import type { FoundImage } from './images';
import type { VocReport } from './report';

export interface MatchedImage {
  id: string;
  annotation: VocAnnotation;
  /** Absolute path of the image. */
  path: string;
}

/**
 * The images that are there, in the order of the annotations.
 * @throws DetLabError when there is none at all
 */
export function matchImages(
  annotations: ReadonlyMap<string, VocAnnotation>,
  { root, images }: VocFolder,
  report: VocReport,
): MatchedImage[] {
  const found = new Map<string, FoundImage>();
  for (const [id, annotation] of annotations) {
    const image = images.find(id, annotation);
    if (image) found.set(id, image);
    else {
      const file = images.expected(id);
      const message = `Cannot find image "${file}" of annotation "${id}", nor one of another format`;
      report.problem('missing-image', file, id, message);
    }
  }
  if (found.size === 0 && annotations.size > 0)
    throw new DetLabError(
      `Cannot load "${root}": it has none of the images of its ${annotations.size.toLocaleString('en')} annotations, such as ` +
        `"${report.problems.at(-annotations.size)?.file}". Put them into JPEGImages, named as the annotations`,
    );
  dropShared(found, annotations, report);
  noteGuesses(found, root, report);
  return [...found].map(([id, image]) => ({ id, annotation: annotations.get(id)!, path: image.path }));
}

/** Of several annotations of one image the one of its name is kept, or the first. */
function dropShared(
  found: Map<string, FoundImage>,
  annotations: ReadonlyMap<string, VocAnnotation>,
  report: VocReport,
): void {
  const byPath = new Map<string, string[]>();
  for (const [id, image] of found) byPath.set(image.path, [...(byPath.get(image.path) ?? []), id]);
  for (const [file, ids] of byPath) {
    if (ids.length === 1) continue;
    const kept = ids.find((id) => found.get(id)?.exact) ?? ids[0];
    for (const id of ids.filter((other) => other !== kept)) {
      found.delete(id);
      const message = `Annotation "${annotations.get(id)?.file}" is of the image of "${kept}", "${file}"; not used`;
      report.problem('duplicate', annotations.get(id)?.file ?? id, id, message, 'image');
    }
  }
}

function noteGuesses(found: ReadonlyMap<string, FoundImage>, root: string, report: VocReport): void {
  const shown = (file: string) => path.relative(root, file);
  const guessed = [...found].filter(([, image]) => image.guessed);
  if (guessed.length > 0) {
    const [id, image] = guessed[0];
    report.notice(
      `${guessed.length === 1 ? '1 image is' : `${guessed.length.toLocaleString('en')} images are`} found under another name, ` +
        `such as that of "${id}" as "${shown(image.path)}"`,
    );
  }
  const several = [...found.values()].filter((image) => image.other !== undefined);
  if (several.length > 0)
    report.notice(
      `${several.length === 1 ? '1 image is' : `${several.length.toLocaleString('en')} images are`} there in several formats: ` +
        `"${shown(several[0].path)}" is used, "${shown(several[0].other!)}" is not`,
    );
}
