// YOLO data sets: a text file of fractions for each image, described by data.yaml (Ultralytics, Roboflow, FiftyOne), obj.data
// (Darknet, CVAT, Datumaro) or a list of names (Label Studio, labelImg).

import path from 'node:path';
import { DetLabError } from '../../errors';
import { LIMITS } from '../loading/bounded-read';
import type { AnnotatedImage, AnnotatedPart } from './annotated-image';
import type { Format } from './format';
import { Place, readText } from './place';
import { readFiles } from './read-files';
import type { ReadReport } from './read-report';
import { isDataYaml, nameList, readDataFile } from './yolo/data-file';
import { type LabelRules, readLabels } from './yolo/label-file';
import { LabelFiles } from './yolo/label-paths';
import { imagesOfSplits, type Split, type SplitImage } from './yolo/splits';

/** A line of a label file: an id and at least four numbers. */
const LABEL_LINE = /^\s*\d+(\.0*)?(\s+-?\d*\.?\d+(e[+-]?\d+)?){4,}\s*$/i;

const firstLine = (text: string): string | undefined => text.split(/\r?\n/).find((line) => line.trim() !== '');

export const yolo: Format = {
  name: 'yolo',
  title: 'YOLO',
  takes: ['images', 'labels'],
  listsImages: true,

  async recognise(place) {
    for (const file of place.samples('.yaml', '.yml'))
      if (isDataYaml(await place.start(file))) return `"${place.relative(file)}" names classes and splits`;
    for (const file of place.samples('.data'))
      if (/^\s*(names|train|valid)\s*=/m.test(await place.start(file))) return `"${place.relative(file)}" is Darknet's`;
    const labels = new LabelFiles(place).files;
    const folders = new Set<string>();
    for (const { path: file } of labels) {
      const folder = path.dirname(file);
      if (folders.size > 20 || folders.has(folder)) continue;
      const line = firstLine(await place.start(file));
      if (line === undefined) continue;
      folders.add(folder);
      if (LABEL_LINE.test(line)) return `"${place.relative(file)}" has a class id and fractions a line`;
    }
    const list = labels.length > 0 && folders.size === 0 ? nameList(place) : undefined;
    return list && `"${place.relative(list)}" names classes, and its label files are empty`;
  },

  async read(place, { images, labels, classes }, report) {
    const data = await readDataFile(place, report);
    const [root] = data.roots;
    const whole = root === place.root ? place.folder : new Place(root);
    const files = new LabelFiles(whole, labels);
    const splits = await imagesOfSplits(
      data,
      images === undefined ? whole : new Place(place.given(images, 'images')),
      images !== undefined,
      report,
    );
    if (data.names) noteRepeated(data.names, report);
    const rules = { names: data.names ?? (await unnamed(place, files, classes, report)), keypoints: data.keypoints };
    const parts: AnnotatedPart[] = [];
    const found = labelsOfImages(splits, files, report);
    const used = new Set(found.values());
    if (splits.length === 0) splits.push({ name: 'train', images: [], folders: [place.root] });
    for (const split of splits) {
      const folders =
        images === undefined ? [...split.folders, ...place.imageFolders(undefined)] : place.imageFolders(images);
      parts.push({ name: split.name, folders, images: await readSplit(split, found, rules, report) });
    }
    // what a list leaves out is left out on purpose
    if (!splits.some(({ listed }) => listed)) await addImageless(place, files, used, parts, rules, report);
    if (parts.every((part) => part.images.length === 0))
      throw new DetLabError(`Cannot load "${place.path}" as YOLO: it has neither images nor label files`);
    return { parts, classes: data.names && [...data.names.values()] };
  },
};

/** The label file of each image: by its path; where there is none, by its name among those that no image has. */
function labelsOfImages(splits: readonly Split[], files: LabelFiles, report: ReadReport): Map<SplitImage, string> {
  const found = new Map<SplitImage, string>();
  const images = splits.flatMap((split) => split.images);
  for (const image of images) {
    const file = files.of(image.path ?? path.resolve(files.root, image.name));
    if (file !== undefined) found.set(image, file);
  }
  // an image without labels beside others with is one without objects
  const rest = images.filter((image) => !found.has(image));
  const named = files.byName(
    rest.map(({ name }) => name),
    new Set(found.values()),
  );
  const guessed = rest.flatMap((image, i) => (named[i] === undefined ? [] : [[image, named[i]] as const]));
  if (guessed.length > 0 && found.size > 0)
    report.notice(
      `${guessed.length === 1 ? '1 label file is' : `${guessed.length.toLocaleString('en')} label files are`} of an image in another ` +
        `folder or of nearly its name, such as "${guessed[0][1]}" of "${guessed[0][0].name}"`,
    );
  for (const [image, file] of guessed) found.set(image, file);
  return found;
}

async function readSplit(
  { images }: Split,
  labels: ReadonlyMap<SplitImage, string>,
  rules: LabelRules,
  report: ReadReport,
): Promise<AnnotatedImage[]> {
  return readFiles(images, report, async (image, own): Promise<AnnotatedImage> => {
    const label = labels.get(image);
    const objects = label === undefined ? [] : await readObjects(label, rules, own);
    return { path: image.path, names: [image.name], file: label ?? image.name, unit: 'fractions', objects };
  });
}

async function readObjects(file: string, rules: LabelRules, report: ReadReport): Promise<AnnotatedImage['objects']> {
  return readLabels(await readText(file, report, LIMITS.xml), file, rules, report);
}

/** Label files whose image is not where it should be: it is looked for by name. */
async function addImageless(
  place: Place,
  files: LabelFiles,
  used: ReadonlySet<string>,
  parts: AnnotatedPart[],
  rules: LabelRules,
  report: ReadReport,
): Promise<void> {
  const train = parts.find(({ name }) => name === 'train') ?? parts[0];
  const folders = new Set([...used].map((file) => path.dirname(file)));
  for (const { path: file, stem } of files.files) {
    // a folder of labels that no image belongs to is another data set's, unless there is none with images
    if (used.has(file)) continue;
    if (used.size > 0 && !folders.has(path.dirname(file))) {
      if (LABEL_LINE.test(firstLine(await place.start(file)) ?? ''))
        report.count('label files in folders without images, which are not used', `"${file}"`);
      continue;
    }
    const objects = await readObjects(file, rules, report);
    const name = stem.split('/').at(-1)!;
    train.images.push({ names: [`${name}.jpg`, name], file, unit: 'fractions', objects });
  }
}

function noteRepeated(names: ReadonlyMap<number, string>, report: ReadReport): void {
  const first = new Map<string, number>();
  for (const [id, name] of names) {
    const other = first.get(name);
    if (other === undefined) first.set(name, id);
    else report.notice(`class ids ${other} and ${id} have one name, "${name}": they are one class`);
  }
}

/** Names where no file has any: the selected classes by id, or the ids themselves. */
async function unnamed(
  place: Place,
  files: LabelFiles,
  classes: readonly string[] | undefined,
  report: ReadReport,
): Promise<Map<number, string>> {
  if (classes) {
    report.notice(`no file names its classes; id 0 is taken as "${classes[0]}", and so on`);
    return new Map(classes.entries());
  }
  const ids = new Set<number>();
  for (const { path: file } of files.files)
    for (const line of (await readText(file, report, LIMITS.xml)).split('\n')) {
      const id = Number(line.trim().split(/\s+/)[0]);
      if (line.trim() !== '' && Number.isInteger(id) && id >= 0) ids.add(id);
    }
  if (ids.size === 0)
    throw new DetLabError(
      `Cannot load "${place.path}" as YOLO: it has no label files (.txt, a class id and four fractions a line). dataset.open(path), ` +
        'or --data PATH, says which format it is',
    );
  report.notice(
    'no file names its classes (data.yaml, obj.names, classes.txt): they are called by their ids. ' +
      'Give names: { classes: [...] }, the first is id 0',
  );
  return new Map([...ids].sort((a, b) => a - b).map((id) => [id, String(id)]));
}
