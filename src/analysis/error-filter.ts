// Errors by class, size, score and kind: which detections and objects of a classified evaluation are looked at.

import { DetLabError, didYouMean } from '../errors';
import { AREA_RANGES } from '../evaluation/coco-matching';
import type { Correction } from './error-costs';
import { codeOf, type ErrorRows, KINDS, type Kind, kindOfDetection, kindOfTruth, TIDE_NAMES } from './error-kinds';
import { SIZES } from './truth-losses';

export type SizeName = (typeof SIZES)[number];

/** Which errors are kept: those for which all that is given holds. */
export interface ErrorFilter {
  /** Of the detection, or of the object that it is about. */
  class?: string | readonly string[];
  /** By COCO's ranges, up to 32 and 96 pixels squared: of the object that the error is about, else of the detection. */
  size?: SizeName | readonly SizeName[];
  /** Lowest and highest score. Objects that were missed have none, and are left out. */
  score?: readonly [number, number];
  /** `wrong class`, ..., or tidecv's names: `Cls`, `Loc`, `Both`, `Dupe`, `Bkg`, `Miss`. */
  kind?: Kind | (typeof TIDE_NAMES)[keyof typeof TIDE_NAMES] | readonly Kind[];
}

const FILTERS = ['class', 'size', 'score', 'kind'];

/** A checked filter. @throws DetLabError for an unknown key, class, size or kind, with the nearest */
export function checkFilter(filter: ErrorFilter, classes: readonly string[]): ErrorFilter {
  const unknown = Object.keys(filter).find((key) => !FILTERS.includes(key));
  if (unknown !== undefined)
    throw new DetLabError(
      `Cannot filter errors by "${unknown}": expected ${FILTERS.join(', ')}.${didYouMean(unknown, FILTERS)}`,
    );
  const known = (what: string, given: string | readonly string[] | undefined, names: readonly string[]) => {
    for (const name of given === undefined ? [] : [given].flat())
      if (!names.includes(name))
        throw new DetLabError(
          `Cannot filter errors: no ${what} "${name}"; expected ${names.join(', ')}.${didYouMean(name, names)}`,
        );
  };
  known('class', filter.class, classes);
  known('size', filter.size, SIZES);
  const fullNames = Object.fromEntries(Object.entries(TIDE_NAMES).map(([kind, name]) => [name, kind]));
  const kind = filter.kind === undefined ? undefined : [filter.kind].flat().map((name) => fullNames[name] ?? name);
  known('kind', kind, KINDS);
  const { score } = filter;
  if (score !== undefined && !(Array.isArray(score) && score.length === 2 && score[0] <= score[1]))
    throw new DetLabError(
      `Cannot filter errors by score: expected [lowest, highest], such as [0.5, 1], received ${JSON.stringify(score)}`,
    );
  return { ...filter, ...(kind && { kind: kind as Kind[] }) };
}

/** Words of a filter for titles; empty for none. */
export function filterText({ class: names, size, score, kind }: ErrorFilter): string {
  const words = (given: string | readonly string[] | undefined) =>
    given === undefined ? [] : [[given].flat().join(', ')];
  return [...words(kind), ...words(names), ...words(size), ...(score ? [`score ${score[0]} to ${score[1]}`] : [])].join(
    '; ',
  );
}

/** The rows that pass a checked filter. */
export function selection(rows: ErrorRows, classes: readonly string[], filter: ErrorFilter): Correction {
  const { detections, truths } = rows;
  const labels =
    filter.class === undefined ? undefined : new Set([filter.class].flat().map((name) => classes.indexOf(name)));
  const sizes = filter.size === undefined ? undefined : new Set([filter.size].flat());
  const kinds = filter.kind === undefined ? undefined : new Set<string>([filter.kind].flat());
  const [lowest, highest] = filter.score ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const aboutTruth = new Set((['true positive', 'wrong class', 'badly placed'] as const).map(codeOf));
  return {
    detection(row) {
      const { [row]: cause } = detections.cause;
      const { [row]: truth } = detections.truth;
      const isAbout = truth >= 0 && aboutTruth.has(cause);
      if (kinds && !kinds.has(kindOfDetection(detections, row))) return false;
      if (labels && !labels.has(detections.label[row]) && !(isAbout && labels.has(truths.label[truth]))) return false;
      if (sizes && !sizes.has(sizeOf(isAbout ? truths.area[truth] : detections.area[row]))) return false;
      return detections.score[row] >= lowest && detections.score[row] <= highest;
    },
    truth(row) {
      if (filter.score !== undefined) return false;
      if (kinds && !kinds.has(kindOfTruth(truths, row))) return false;
      if (labels && !labels.has(truths.label[row])) return false;
      return !sizes || sizes.has(sizeOf(truths.area[row]));
    },
  };
}

/** COCO's ranges overlap at their bounds; here the bound is in the smaller, as in tidecv. */
export function sizeOf(area: number): SizeName {
  return SIZES.find((_, i) => area <= AREA_RANGES[i + 1][1]) ?? 'large';
}
