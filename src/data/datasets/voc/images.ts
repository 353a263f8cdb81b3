// The image of an annotation: the one of its name in any format that is read, else the one that its <filename> says.

import path from 'node:path';
import { IMAGE_EXTENSIONS } from '../../loading/decode';
import { ImageFolder } from '../image-folder';
import type { VocAnnotation } from './annotation';
import { filesBelow, type TreeFile, withoutExtension } from './file-tree';

export interface FoundImage {
  path: string;
  /** The image has the name of the annotation. */
  exact: boolean;
  /** Neither the id nor <filename> is exactly its name. */
  guessed: boolean;
  /** Another image differs in the extension alone. */
  other?: string;
}

/** The images below some folders; earlier folders come first. */
export class VocImages {
  private readonly byStem = new Map<string, TreeFile[]>();
  private readonly byLastPart = new Map<string, TreeFile[]>();
  private readonly folders: ImageFolder[];

  /**
   * @param usual the folder in which an image that is missing was expected
   * @param around a folder of which only images count that are exactly where their annotations are
   */
  constructor(
    roots: readonly string[],
    private readonly usual: string,
    around?: string,
  ) {
    this.folders = roots.map((root) => new ImageFolder(root));
    for (const root of roots)
      for (const file of filesBelow(root, IMAGE_EXTENSIONS)) {
        add(this.byStem, file.stem, file);
        add(this.byLastPart, path.posix.basename(file.stem), file);
      }
    if (around) for (const file of filesBelow(around, IMAGE_EXTENSIONS)) add(this.byStem, file.stem, file);
  }

  *files(): Generator<string> {
    for (const files of this.byStem.values()) for (const { path: file } of files) yield file;
  }

  /** The path that the image of an id would have. */
  expected(id: string): string {
    return path.join(this.usual, `${id}.jpg`);
  }

  find(id: string, { imageNames }: Pick<VocAnnotation, 'imageNames'>): FoundImage | undefined {
    const named = imageNames.map((name) => name.replaceAll('\\', '/'));
    const own = this.byStem.get(id);
    if (own) {
      const extensions = [...named.map((name) => path.extname(name).toLowerCase()), ...IMAGE_EXTENSIONS];
      const rank = ({ extension }: TreeFile) => extensions.indexOf(extension);
      const [best, next] = [...own].sort((a, b) => rank(a) - rank(b));
      return { path: best.path, exact: true, guessed: false, ...(next && { other: next.path }) };
    }
    // as <filename> says, from the folder of images or from that of the annotation
    const folder = path.posix.dirname(id);
    const names = named.slice(0, 1).flatMap((name) => [name, path.posix.join(folder, name)]);
    for (const images of this.folders)
      for (const name of names) {
        const full = images.resolve(name);
        if (full !== undefined && images.has(full) && isImage(full))
          return { path: full, exact: false, guessed: false };
      }
    const guessed = this.guess(id, named);
    return guessed === undefined ? undefined : { path: guessed, exact: false, guessed: true };
  }

  /** In sub-folders of another name, in another format than <filename> says, on another machine, in another case. */
  private guess(id: string, named: readonly string[]): string | undefined {
    for (const name of [id, ...named.map(withoutExtension)]) {
      const alike = this.byLastPart.get(path.posix.basename(name));
      if (alike && alike.length === 1) return alike[0].path;
    }
    for (const images of this.folders)
      for (const name of [...named, ...IMAGE_EXTENSIONS.map((extension) => id + extension)]) {
        const found = images.guess(name);
        if (found !== undefined && isImage(found)) return found;
      }
    return undefined;
  }
}

const isImage = (file: string): boolean => IMAGE_EXTENSIONS.includes(path.extname(file).toLowerCase());

function add(map: Map<string, TreeFile[]>, key: string, file: TreeFile): void {
  const files = map.get(key);
  if (!files) map.set(key, [file]);
  // a folder may be reached twice, as the folder of annotations with images beside them
  else if (!files.some((other) => other.path === file.path)) files.push(file);
}
