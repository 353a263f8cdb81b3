// The places of a VOC folder: Annotations, JPEGImages and ImageSets/Main, or what other tools call them (FiftyOne: labels and
// data; Roboflow: XML beside the images in train, valid, test). Annotations are parsed once, for all splits.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { DetLabError, didYouMean } from '../../../errors';
import { BadData } from '../../bad-data';
import { LIMITS, readBounded } from '../../loading/bounded-read';
import { IMAGE_EXTENSIONS } from '../../loading/decode';
import { taskQueue } from '../../loading/task-queue';
import type { DataProblem } from '../../types';
import { readVocAnnotation, type VocAnnotation } from './annotation';
import { filesBelow, foldersIn } from './file-tree';
import { VocImages } from './images';
import { isSplit } from './split-names';

const ANNOTATION_FOLDERS = ['annotations', 'annotation', 'labels', 'xml', 'xmls'];
const IMAGE_FOLDERS = ['jpegimages', 'images', 'image', 'data', 'img', 'imgs'];
/** Folders whose images are no photographs. */
const OTHER_FOLDERS = /^(annot|imagesets|label|mask|segm|depth|thumb|pred|vis)/i;
/** Files that are read at a time. */
const AT_A_TIME = 8;

export class VocFolder {
  readonly root: string;
  /** Paths of the XML files by id: the path below the folder of annotations without `.xml`. */
  readonly files: ReadonlyMap<string, string>;
  readonly images: VocImages;
  private readonly annotations: string;
  private readonly parsed = new Map<string, VocAnnotation | DataProblem>();

  /** @throws DetLabError when the folder has no annotations */
  constructor(folder: string) {
    this.root = path.resolve(folder);
    const named = (names: readonly string[]) => {
      const found = foldersIn(this.root).filter((name) => names.includes(name.toLowerCase()));
      return found
        .sort((a, b) => names.indexOf(a.toLowerCase()) - names.indexOf(b.toLowerCase()))
        .map((name) => path.join(this.root, name));
    };
    // "labels" may hold anything: it counts when there is XML in it
    const below = named(ANNOTATION_FOLDERS).find((place) => hasXml(place) || /annotations$/i.test(place));
    this.annotations = below ?? this.root;
    const images = below ? undefined : new Set(filesBelow(this.root, IMAGE_EXTENSIONS).map(({ stem }) => stem));
    // beside their images in whatever folder, as labelImg leaves them
    const files = filesBelow(this.annotations, ['.xml']).filter(
      ({ stem }) => !images || !stem.includes('/') || isSplitFile(stem) || images.has(stem),
    );
    if (files.length === 0) throw below ? noXml(this.root, below) : noAnnotations(this.root);
    this.files = new Map(files.map(({ stem, path: file }) => [stem, file]));
    const places = named(IMAGE_FOLDERS);
    const [usual = path.join(this.root, 'JPEGImages')] = places;
    if (places.length > 0) this.images = new VocImages([...places, this.annotations], usual);
    else {
      // beside the annotations, in folders of splits, or in a folder of a name that nobody else uses
      const others = foldersIn(this.root).filter((name) => !OTHER_FOLDERS.test(name));
      const roots = [this.annotations, ...others.map((name) => path.join(this.root, name))];
      this.images = new VocImages(roots, usual, this.root);
    }
  }

  /** The path that the annotation of an id has, or would have. */
  fileOf(id: string): string {
    return this.files.get(id) ?? path.join(this.annotations, `${id}.xml`);
  }

  /** The annotations of some ids, or the problems of those that cannot be read; each file is parsed once. */
  async read(ids: readonly string[]): Promise<(VocAnnotation | DataProblem)[]> {
    const queue = taskQueue(AT_A_TIME);
    return Promise.all(
      ids.map(async (id) => {
        let known = this.parsed.get(id);
        if (!known) {
          known = await queue.run(() => readFile(this.fileOf(id), id));
          this.parsed.set(id, known);
        }
        return known;
      }),
    );
  }
}

const isSplitFile = (stem: string): boolean => stem.split('/').length === 2 && isSplit(stem.split('/')[0]);
const hasXml = (folder: string): boolean => filesBelow(folder, ['.xml']).length > 0;

async function readFile(file: string, id: string): Promise<VocAnnotation | DataProblem> {
  try {
    return readVocAnnotation(await readBounded(file, LIMITS.xml, { near: false }), file, id);
  } catch (error) {
    if (error instanceof BadData) return error.problem;
    const { code, message } = error as NodeJS.ErrnoException;
    const why =
      code === 'ENOENT' ? 'there is no such file. An image without objects has one without <object>' : message;
    return { kind: 'bad-annotation', file, id, lost: 'image', message: `Cannot read annotation "${file}": ${why}` };
  }
}

/** The error for a folder of annotations in another format. */
function noXml(root: string, annotations: string): DetLabError {
  const [json] = filesBelow(annotations, ['.json']);
  return new DetLabError(
    `Cannot load "${root}" as a VOC dataset: "${annotations}" has no XML files` +
      (json ? `. It has "${path.basename(json.path)}": for COCO's format use dataset.coco(file, images)` : ''),
  );
}

/** The error for a folder without annotations, with the folder below it that has them. */
function noAnnotations(root: string): DetLabError {
  if (!existsSync(root)) {
    const near = didYouMean(path.basename(root), foldersIn(path.dirname(root)));
    return new DetLabError(`Cannot load "${root}" as a VOC dataset: there is no such folder.${near}`);
  }
  const inside = foldersIn(root)
    .map((name) => path.join(root, name))
    .find((folder) => foldersIn(folder).some((name) => /^annotations$/i.test(name)));
  return new DetLabError(
    `Cannot load "${root}" as a VOC dataset: expected folders Annotations, ImageSets and JPEGImages, found no Annotations` +
      (inside ? `. "${inside}" has them: give that folder` : '') +
      (filesBelow(root, ['.txt']).some(({ stem }) => /^labels\//.test(stem))
        ? ". Its labels are text files, as YOLO's, which are not read: convert them to COCO or VOC"
        : ''),
  );
}
