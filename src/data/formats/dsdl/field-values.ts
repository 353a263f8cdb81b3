// Fields of samples by paths such as `./objects/*/label`: `*` is every element of a list or, as in `./objects/*/is*`, any letters.

import picomatch from 'picomatch';
import { DetLabError, didYouMean } from '../../../errors';
import { fieldsOf } from '../../datasets/coco/fields';
import { type FieldPath, written } from './definitions';

/** What is read of a sample: a field, of all elements of its lists or of those with a number. */
export interface Selected {
  field: FieldPath;
  segments: readonly string[];
}

export interface FieldValue {
  /** Elements of lists on the way to it, by which it belongs to other fields. */
  indices: readonly number[];
  /** `objects/2/bbox`. */
  key: string;
  value: unknown;
}

const isMagic = (segment: string): boolean => /[*?[\]]/.test(segment);

/**
 * The fields of a path, as `extract_path_info` of the dsdl package finds them.
 * @throws DetLabError when there is none: the package goes on as if nothing had been asked for
 */
export function selectFields(fields: readonly FieldPath[], path: string, where: string): Selected[] {
  const [root, ...pattern] = path.split('/');
  const found = fields.flatMap((field): Selected[] => {
    if (root !== '.' || field.segments.length !== pattern.length) return [];
    const segments = field.segments.map((segment, i) => {
      if (segment !== '*') return pattern[i] === segment || matches(segment, pattern[i]) ? segment : undefined;
      if (/^\d+$/.test(pattern[i])) return pattern[i];
      return isMagic(pattern[i]) ? '*' : undefined;
    });
    return segments.includes(undefined) ? [] : [{ field, segments: segments as string[] }];
  });
  if (found.length > 0) return found;
  const known = fields.map(({ segments }) => written(segments));
  throw new DetLabError(
    `Cannot use ${where} "${path}": the samples have no such field.${didYouMean(path, known)} Known: ${known.slice(0, 20).join(', ')}`,
  );
}

const matches = (segment: string, pattern: string): boolean =>
  isMagic(pattern) && picomatch.isMatch(segment, pattern, { dot: true });

export const allOf = (fields: readonly FieldPath[], type: string): Selected[] =>
  fields.filter((field) => field.type === type).map((field) => ({ field, segments: field.segments }));

/**
 * The values of a field in a sample; elements that lack it are left out.
 * @param bad is called with the key of what is no list or struct where the definitions have one
 */
export function valuesOf(
  sample: unknown,
  { segments }: Selected,
  bad: (key: string, what: string) => void,
): FieldValue[] {
  const found: FieldValue[] = [];
  const visit = (value: unknown, at: number, keys: readonly (string | number)[], indices: readonly number[]): void => {
    if (at === segments.length) {
      found.push({ indices, key: keys.join('/'), value });
      return;
    }
    if (value === undefined || value === null) return;
    const segment = segments[at];
    const expected = segment === '*' || /^\d+$/.test(segment) ? 'list' : 'struct';
    if (expected === 'list' && Array.isArray(value)) {
      if (segment === '*')
        for (const [i, element] of value.entries()) visit(element, at + 1, [...keys, i], [...indices, i]);
      else if (Number(segment) < value.length) visit(value[Number(segment)], at + 1, [...keys, segment], indices);
      return;
    }
    const fields = expected === 'struct' ? fieldsOf(value) : undefined;
    if (!fields) bad(keys.join('/'), `is no ${expected}`);
    else if (Object.hasOwn(fields, segment)) visit(fields[segment], at + 1, [...keys, segment], indices);
  };
  visit(sample, 0, [], []);
  return found;
}

const stars = ({ segments }: Selected): number => segments.filter((segment) => segment === '*').length;

/** The field that belongs to another one: in the same lists, the nearest; of several the first. */
export function beside(of: Selected, candidates: readonly Selected[]): Selected | undefined {
  const common = ({ segments }: Selected): number => {
    const differs = segments.findIndex((segment, i) => segment !== of.segments[i]);
    return differs === -1 ? segments.length : differs;
  };
  const usable = candidates.filter((candidate) => stars(candidate) === stars(of));
  return usable.reduce<Selected | undefined>(
    (best, candidate) => (best === undefined || common(candidate) > common(best) ? candidate : best),
    undefined,
  );
}
