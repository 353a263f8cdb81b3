// `.save(...)` of predictions, of one image and of many: tables, COCO results, JSON lines, and folders of drawn images, crops and
// pre-annotations. Nothing is written outside of the folder that is named.

import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import type { Dataset, PixelImage } from '../../data';
import { DetLabError } from '../../errors';
import { writeWhole } from '../../evaluation';
import { rleToSegmentation } from '../../masks';
import { cocoEntries } from './coco-entries';
import { safeName, uniqueFiles } from './file-names';
import type { FolderContent } from './folder-contents';
import type { ImagePredictions, Prediction } from './image-predictions';
import { sayWithoutSegments } from './lost-segments';
import { OutputFolder } from './output-folder';
import { labelmeFile, yoloLabels } from './pre-annotations';
import { VIDEO_TARGETS, VideoWriter } from './video-writer';

/** What `save` writes to a folder, and from which score. */
export interface SavePredictionsOptions {
  /** What a folder gets: images with their boxes drawn (default), crops by class, or files to correct in an annotation tool. */
  as?: FolderContent;
  /** Of a COCO results file: the data whose image and category ids it has. */
  data?: { evaluated: Dataset };
  /** Minimum score of what is drawn, cropped or annotated; default: the predictions'. Tables have all. */
  threshold?: number;
  /** Replace annotation files that are there. */
  overwrite?: boolean;
  /** Of a video: frames a second; default: those of the video that was read, 2 of images. */
  fps?: number;
}

export interface SavedList {
  list: readonly ImagePredictions[];
  classes: readonly string[];
  /** What it is called in errors. */
  what: string;
  /** Saves the display, by one of its extensions. */
  display(file: string): Promise<string>;
  /** Frames that are read in one go. */
  video?: { fps: number; frames(): AsyncIterable<PixelImage> };
}

/** Of images with boxes as displays save them. */
const DISPLAY_EXTENSIONS = ['.csv', '.json', '.html', '.htm', '.png', '.jpg', '.jpeg', '.svg'];

const TEXTS = ['.coco.json', '.jsonl'];

/** @throws DetLabError for an extension that predictions are not written as, before any of them is made */
export function checkTarget(what: string, target: string): void {
  const extension = path.extname(target).toLowerCase();
  const known = [...TEXTS, ...DISPLAY_EXTENSIONS, ...VIDEO_TARGETS];
  if (isFolderTarget(target) || known.includes(extension)) return;
  throw new DetLabError(
    `Cannot save ${what} as "${target}": expected an extension of ${known.join(', ')}, or a folder, "${target}/", received ${extension}`,
  );
}

const isFolderTarget = (target: string): boolean =>
  /[\\/]$/.test(target) || path.extname(target) === '' || isExistingFolder(target);

/** @returns the absolute path of the file or folder */
export async function savePredictions(
  { list, classes, what, display, video }: SavedList,
  target: string,
  options: SavePredictionsOptions = {},
): Promise<string> {
  const { as, data } = options;
  const lower = target.toLowerCase();
  const extension = path.extname(lower);
  const isFolder = isFolderTarget(target);
  checkTarget(what, target);
  if (as !== undefined && !isFolder)
    throw new DetLabError(
      `Cannot save ${what} as "${target}": as: "${as}" fills a folder, "${path.join(path.dirname(target), as)}/"`,
    );
  if (data !== undefined && !lower.endsWith('.coco.json'))
    throw new DetLabError(
      `Cannot save ${what} as "${target}": data: has the ids of COCO results, "predictions.coco.json"`,
    );
  if (isFolder && as !== undefined && as !== 'images') sayWithoutSegments(list, what, target, `files of ${as}`);
  if (VIDEO_TARGETS.includes(extension) && !isFolder) return saveVideo(list, target, options, video);
  if (options.fps !== undefined)
    throw new DetLabError(`Cannot save ${what} as "${target}": fps: is of a video, "predictions.mp4"`);
  if (isFolder) return saveFolder(list, classes, target, options);
  if (lower.endsWith('.coco.json')) return saveCoco(list, classes, target, data?.evaluated);
  if (extension === '.jsonl')
    return saveText(target, list.map((image) => `${JSON.stringify(lineOf(image))}\n`).join(''));
  return display(target);
}

/** A COCO results file. @param dataset whose ids it has */
export function saveCoco(
  list: readonly ImagePredictions[],
  classes: readonly string[],
  file: string,
  dataset?: Dataset,
): Promise<string> {
  sayWithoutSegments(list, 'the predictions', file, 'COCO results');
  return saveText(file, jsonList(cocoEntries(list, classes, dataset)));
}

async function saveText(target: string, content: string): Promise<string> {
  const file = path.resolve(target);
  await mkdir(path.dirname(file), { recursive: true });
  await writeWhole(file, content);
  return file;
}

const SLIDES_A_SECOND = 2;

/** The frames, or images as slides, with their boxes. */
async function saveVideo(
  list: readonly ImagePredictions[],
  target: string,
  { fps, threshold }: SavePredictionsOptions,
  video: SavedList['video'],
): Promise<string> {
  const writer = new VideoWriter(target, fps ?? video?.fps ?? SLIDES_A_SECOND);
  try {
    if (video) {
      let index = 0;
      for await (const pixels of video.frames()) {
        if (index >= list.length) break;
        await writer.write(await list[index++].frame(pixels, threshold));
      }
    } else for (const image of list) await writer.write(await image.frame(undefined, threshold));
    return await writer.close();
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}

const isExistingFolder = (target: string): boolean =>
  statSync(target, { throwIfNoEntry: false })?.isDirectory() === true;

/** A value a line. */
const jsonList = (values: readonly unknown[]): string =>
  `[${values.map((value) => JSON.stringify(value)).join(',\n')}]\n`;

/** An image with all of its predictions and segments; masks are COCO's compressed run lengths. */
function lineOf(image: ImagePredictions): object {
  const { source, width, height, from, segments } = image;
  return {
    source,
    ...(from.time !== undefined && { time: from.time }),
    width,
    height,
    predictions: image.map(({ mask, ...prediction }) => ({
      ...prediction,
      ...(mask && { mask: rleToSegmentation(mask) }),
    })),
    ...(segments && { segments: segments.map(({ mask, ...one }) => ({ ...one, mask: rleToSegmentation(mask) })) }),
  };
}

async function saveFolder(
  list: readonly ImagePredictions[],
  classes: readonly string[],
  target: string,
  { as = 'images', threshold, overwrite = false }: SavePredictionsOptions,
): Promise<string> {
  const folder = new OutputFolder(target);
  const shown = (predictions: ImagePredictions) =>
    predictions.filter(({ score }) => score >= (threshold ?? predictions.threshold));
  const extension = { images: '.png', crops: '.png', yolo: '.txt', labelme: '.json' }[as];
  const kept = list.flatMap(({ from: { file } }) => file ?? []);
  const sources = list.map(({ source }) => source);
  const names = as === 'yolo' ? ['classes.txt'] : [];
  const files = uniqueFiles(sources, folder.root, { extension, kept, taken: names });
  const annotations = as === 'yolo' || as === 'labelme';
  if (annotations && !overwrite) refuseExisting(files.filter(existsSync), list.length);
  await folder.make();
  if (as === 'yolo') await writeClasses(folder, classes, overwrite);
  const failures: string[] = [];
  for (const [i, predictions] of list.entries())
    try {
      if (as === 'images')
        await folder.write(files[i], await predictions.draw(threshold === undefined ? {} : { threshold }));
      else if (as === 'crops') await saveCrops(folder, predictions, shown(predictions), files[i], kept);
      else if (as === 'yolo') await folder.write(files[i], yoloLabels(predictions, shown(predictions)));
      else
        await folder.write(
          files[i],
          `${JSON.stringify(await labelmeFile(predictions, shown(predictions), folder.root), null, 2)}\n`,
        );
    } catch (error) {
      failures.push((error as Error).message);
    }
  if (failures.length > 0)
    throw new DetLabError(
      `Cannot save ${failures.length} of ${list.length} images in "${folder.root}": ${failures.slice(0, 3).join('; ')}`,
    );
  return folder.root;
}

/** A line for each class, in the order of the labels. */
async function writeClasses(folder: OutputFolder, classes: readonly string[], overwrite: boolean): Promise<void> {
  const text = classes.map((name) => `${name.replace(/\s*[\r\n]+\s*/g, ' ')}\n`).join('');
  const file = path.join(folder.root, 'classes.txt');
  if (!overwrite && existsSync(file) && readFileSync(file, 'utf8') !== text)
    throw new DetLabError(
      `Cannot write "${file}": it has other classes, to which the labels in this folder belong. Give another folder, or { overwrite: true }`,
    );
  await folder.write('classes.txt', text);
}

/** Annotations may be a person's work. */
function refuseExisting(existing: readonly string[], total: number): void {
  if (existing.length === 0) return;
  throw new DetLabError(
    `Cannot write the annotations of ${total} images: "${existing[0]}"${existing.length > 1 ? ` and ${existing.length - 1} more` : ''} ` +
      'exist already, and may be corrected. Give another folder, or { overwrite: true }',
  );
}

/** `CLASS/IMAGE-1.png` for each box, of the pixels that it touches. */
async function saveCrops(
  folder: OutputFolder,
  predictions: ImagePredictions,
  boxes: readonly Prediction[],
  file: string,
  kept: readonly string[],
): Promise<void> {
  if (boxes.length === 0) return;
  const { classes } = predictions;
  const image = await predictions.pixels();
  const { width, height, order } = image;
  const folders = classNames(classes);
  const protectedFiles = new Set(kept);
  for (const [i, { bbox, label }] of boxes.entries()) {
    const [left, top] = [bbox[0], bbox[1]].map((v) => Math.max(0, Math.floor(v)));
    const [right, bottom] = [Math.min(width, Math.ceil(bbox[2])), Math.min(height, Math.ceil(bbox[3]))];
    if (right <= left || bottom <= top) continue;
    const crop = sharp(image.data, { raw: { width, height, channels: 3 }, limitInputPixels: false }).extract({
      left,
      top,
      width: right - left,
      height: bottom - top,
    });
    const { data, info } = await crop.raw().toBuffer({ resolveWithObject: true });
    if (order === 'bgr') swapChannels(data);
    const png = await sharp(data, { raw: { width: info.width, height: info.height, channels: 3 } })
      .png()
      .toBuffer();
    const name = path.join(folders[classes.indexOf(label)] ?? 'unknown', `${path.parse(file).name}-${i + 1}.png`);
    const target = protectedFiles.has(path.resolve(folder.root, name)) ? name.replace(/\.png$/, '-crop.png') : name;
    await folder.write(target, png);
  }
}

function swapChannels(data: Uint8Array): void {
  for (let i = 0; i < data.length; i += 3) [data[i], data[i + 2]] = [data[i + 2], data[i]];
}

/** A folder for each class; classes whose safe names are equal are told apart by a number. */
function classNames(classes: readonly string[]): string[] {
  const taken = new Set<string>();
  return classes.map((name, label) => {
    const safe = safeName(name, 'class');
    const folder = taken.has(safe.toLowerCase()) ? `${safe}-${label}` : safe;
    taken.add(folder.toLowerCase());
    return folder;
  });
}
