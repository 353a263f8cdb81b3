// The image files of annotated images: in the folders of the data set, also when the annotations know them by the name of
// another machine; each is the image of one annotation, what is missing or guessed is said.

import path from 'node:path';
import { DetLabError } from '../../errors';
import { ImageFolder } from '../datasets/image-folder';
import { filesBelow } from '../datasets/voc/file-tree';
import { IMAGE_EXTENSIONS } from '../loading/decode';
import type { AnnotatedImage, AnnotatedPart } from './annotated-image';
import type { ReadReport } from './read-report';

export interface FoundAnnotatedImage {
  id: number;
  path: string;
  image: AnnotatedImage;
  size?: { width: number; height: number };
}

/**
 * The images that are there, numbered from 1 where the files give no numbers.
 * @throws DetLabError when there are annotations and none of their images
 */
export function findImages(part: AnnotatedPart, report: ReadReport): FoundAnnotatedImage[] {
  const finder = new ImageFinder(part.folders);
  const found: FoundAnnotatedImage[] = [];
  const byPath = new Map<string, AnnotatedImage>();
  const ids = numbersOf(part.images);
  let guessed: { count: number; name: string; path: string } | undefined;
  for (const [i, image] of part.images.entries()) {
    const known = image.path !== undefined && finder.has(image.path) ? image.path : undefined;
    const exact = known ?? finder.exact(image.names);
    const file = exact ?? finder.guess(image.names);
    if (file === undefined) {
      const expected = image.path ?? image.names[0];
      const message = `Cannot find the image of "${image.file}", "${expected}"`;
      report.problems.push({ kind: 'missing-image', file: expected, id: ids[i], message });
      continue;
    }
    const other = byPath.get(file);
    if (other) {
      const place = `"${image.file}"`;
      report.problem(
        'duplicate',
        image.file,
        place,
        `is of the image of "${other.file}", "${file}"; not used`,
        'image',
      );
      continue;
    }
    byPath.set(file, image);
    if (exact === undefined)
      guessed = {
        count: (guessed?.count ?? 0) + 1,
        name: guessed?.name ?? image.names[0],
        path: guessed?.path ?? file,
      };
    found.push({ id: ids[i], path: file, image, ...(image.size && { size: image.size }) });
  }
  if (found.length === 0 && part.images.length > 0) throw noImages(part, report.root);
  if (guessed)
    report.notice(
      `${guessed.count === 1 ? '1 image is' : `${guessed.count.toLocaleString('en')} images are`} found under another name, ` +
        `such as "${guessed.name}" as "${guessed.path}"`,
    );
  return found;
}

/** The files' numbers where every image has one of its own. */
function numbersOf(images: readonly AnnotatedImage[]): number[] {
  const given = images.map(({ id }) => id);
  const usable = given.every((id): id is number => Number.isSafeInteger(id)) && new Set(given).size === given.length;
  return usable ? given : images.map((_, i) => i + 1);
}

function noImages({ images, folders, name }: AnnotatedPart, root: string): DetLabError {
  const looked = [...new Set(folders)].map((folder) => `"${folder}"`).join(', ');
  return new DetLabError(
    `Cannot load "${root}": none of the ${images.length.toLocaleString('en')} images of its ${name} part is in ${looked}, such as ` +
      `"${images[0].path ?? images[0].names[0]}". Give the folder of the images: { images: 'FOLDER' }`,
  );
}

/** Image files below some folders, by exact and by nearly equal names. */
class ImageFinder {
  private readonly folders: ImageFolder[];
  private stems?: Map<string, string | undefined>;

  constructor(private readonly roots: readonly string[]) {
    this.folders = [...new Set(roots)].map((root) => new ImageFolder(root));
  }

  has(file: string): boolean {
    const folder = new ImageFolder(path.dirname(file));
    return (this.cached.get(folder.root) ?? this.remember(folder)).has(file);
  }

  private readonly cached = new Map<string, ImageFolder>();
  private remember(folder: ImageFolder): ImageFolder {
    this.cached.set(folder.root, folder);
    return folder;
  }

  exact(names: readonly string[]): string | undefined {
    for (const folder of this.folders)
      for (const name of names) {
        const full = path.extname(name) === '' ? undefined : folder.resolve(name);
        if (full !== undefined && folder.has(full) && isImage(full)) return full;
      }
    return undefined;
  }

  /** Under a path of another machine, in another case or format; or anywhere below the folders, if there is one of that name. */
  guess(names: readonly string[]): string | undefined {
    for (const folder of this.folders)
      for (const name of names) {
        const full = folder.guess(name);
        if (full !== undefined && isImage(full)) return full;
      }
    this.stems ??= stemsBelow(this.roots);
    for (const name of names) {
      const found = this.stems.get(stemOf(name));
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

const isImage = (file: string): boolean => IMAGE_EXTENSIONS.includes(path.extname(file).toLowerCase());

function stemOf(name: string): string {
  const base = path.posix.basename(name.replaceAll('\\', '/'));
  return isImage(base) ? base.slice(0, -path.extname(base).length) : base;
}

/** Images by the last part of their names; undefined where several have one. */
function stemsBelow(roots: readonly string[]): Map<string, string | undefined> {
  const stems = new Map<string, string | undefined>();
  for (const root of new Set(roots))
    for (const { path: file } of filesBelow(root, IMAGE_EXTENSIONS)) {
      const stem = stemOf(file);
      const known = stems.get(stem);
      stems.set(stem, stems.has(stem) && known !== file ? undefined : file);
    }
  return stems;
}
