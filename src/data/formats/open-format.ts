// Opens a data set in any format: the one that is named, or the one that is recognised; training and validation parts as
// Datasets of the same classes.

import path from 'node:path';
import { DetLabError, didYouMean } from '../../errors';
import { imagesBeside, unannotated } from '../datasets/unannotated';
import { TRAINING_SPLITS, VALIDATION_SPLITS } from '../datasets/voc/split-names';
import { annotatedDataset, classesOf } from './annotated-dataset';
import type { AnnotatedPart, Reading } from './annotated-image';
import type { Format, FormatOptions, OpenedData } from './format';
import { OWN_OPTIONS, ofValidation } from './format';
import { FORMATS } from './list';
import { Place } from './place';
import { ReadReport } from './read-report';

export type { FormatOptions } from './format';

export const formatNames = (): string[] => FORMATS.map(({ name }) => name);

/** @throws DetLabError for a name that is no format's */
export function formatOf(name: string): Format {
  const format = FORMATS.find((known) => known.name === name);
  if (format) return format;
  throw new DetLabError(
    `Cannot open a data set of format "${name}": no such format.${didYouMean(name, formatNames())} Known: auto, ${formatNames().join(', ')}`,
  );
}

/** The first format that is recognised in a place, how, and further ones. */
export async function recognise(place: Place): Promise<{ format: Format; how: string; others: string[] } | undefined> {
  let found: { format: Format; how: string; others: string[] } | undefined;
  for (const format of FORMATS) {
    const how = await format.recognise(place);
    if (how === undefined) continue;
    if (!found) found = { format, how, others: [] };
    else if (!format.general) found.others.push(format.name);
  }
  return found;
}

/**
 * @param given a folder or an annotation file
 * @throws DetLabError when nothing can be read there, and for options that the format does not have
 */
export async function openFormat(given: string, name: string, options: FormatOptions): Promise<OpenedData> {
  const place = new Place(given);
  const report = new ReadReport(place.path);
  const format = name === 'auto' ? await recognised(place, report) : formatOf(name);
  for (const option of OWN_OPTIONS)
    if (options[option] !== undefined && !format.takes.includes(option))
      throw new DetLabError(
        `Cannot use the option ${option} with ${format.title}: expected ${format.takes.length > 0 ? format.takes.join(', ') : 'none of its own'}`,
      );
  if (format.open) {
    const data = await format.open(place, options, report);
    data.train.notices = [...report.notices, ...(data.train.notices ?? [])];
    return data;
  }
  const reading = await format.read(place, options, report);
  const title = options.name ?? path.basename(place.path, path.extname(place.file ?? ''));
  const data = await datasetsOf(reading, title, options, report);
  if (!format.listsImages) noteLeftOut(reading.parts, data, report);
  return data;
}

async function recognised(place: Place, report: ReadReport): Promise<Format> {
  const found = await recognise(place);
  if (!found)
    throw new DetLabError(
      `Cannot open "${place.path}": it is in no format that is read (${formatNames().join(', ')}), and has no images`,
    );
  const { format, how, others } = found;
  report.notice(
    `opened as ${format.title}: ${how}` +
      (others.length > 0 ? `; it could also be ${others.join(', ')}: { format: '${others[0]}' }` : ''),
  );
  return format;
}

function noteLeftOut(parts: readonly AnnotatedPart[], { train, val }: OpenedData, report: ReadReport): void {
  const used = [...train.records, ...(val?.records ?? [])].map(({ path: file }) => file);
  const named = parts.flatMap(({ images }) => images.flatMap(({ names }) => names));
  const what = unannotated(imagesBeside(used), [...used, ...named]);
  if (what !== undefined) report.notice(what);
}

/** Training and validation data of what was read. */
export async function datasetsOf(
  { parts, classes: declared }: Reading,
  name: string,
  options: FormatOptions,
  report: ReadReport,
): Promise<OpenedData> {
  const train = partOf(parts, options.train, TRAINING_SPLITS, report) ?? parts[0];
  if (options.train === undefined && !TRAINING_SPLITS.includes(train.name))
    report.notice(`it has no training split: "${train.name}" is used`);
  const others = parts.filter((part) => part !== train);
  const val = partOf(others, options.val, VALIDATION_SPLITS, report);
  const unused = others.filter((part) => part !== val && part.images.length > 0);
  if (unused.length > 0)
    report.notice(
      `${unused.map((part) => `${part.name} (${part.images.length.toLocaleString('en')} images)`).join(', ')} not used: ` +
        `open it with { train: '${unused[0].name}' }`,
    );
  const used = val ? [train, val] : [train];
  const available = classesOf(used, declared);
  const load = (part: AnnotatedPart, more: Partial<FormatOptions>, to: ReadReport) =>
    annotatedDataset(part, available, { ...options, ...more, name: part === val ? `${name} val` : name }, to);
  const trainData = await load(train, {}, report);
  if (!val || val.images.length === 0) return { name, train: trainData };
  const own = new ReadReport(report.root);
  // folders of images alone have no class
  const selected = trainData.classes.length > 0 ? ofValidation(options, trainData.classes) : {};
  const valData = await load(val, { ...selected, filterEmpty: false, filterIgnored: false, minSize: 0 }, own);
  return { name, train: trainData, val: valData };
}

function partOf(
  parts: readonly AnnotatedPart[],
  named: string | undefined,
  usual: readonly string[],
  report: ReadReport,
): AnnotatedPart | undefined {
  if (named === undefined) return usual.map((name) => parts.find((part) => part.name === name)).find(Boolean);
  const found = parts.find((part) => part.name === named);
  if (found) return found;
  const names = parts.map(({ name }) => name);
  throw new DetLabError(
    `Cannot open split "${named}" of "${report.root}": no such split.${didYouMean(named, names)} Known: ${names.join(', ') || 'none'}`,
  );
}
