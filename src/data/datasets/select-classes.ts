// The classes of a dataset: all categories of its files, or the selected ones in the given order.

import { DetLabError, didYouMean, nearest } from '../../errors';

export interface ClassOptions {
  /** Classes to use, in label order; default: all of the files. */
  classes?: readonly string[];
  /**
   * A selected class that the files lack is refused; or (`note`) has no objects and a line in `notices`: for the classes of a
   * model, and for validation beside training data of more classes; or (`suspect`) is refused only where the files have a
   * similar name that is not selected: for configs, which MMDetection runs with such classes. Default `refuse`.
   */
  absentClasses?: 'refuse' | 'note' | 'suspect';
  /**
   * Objects of classes that are not selected are counted, or (`report`) each such class is a problem: the training data or
   * the model do not know it. Default `report` with `absentClasses: 'note'`, else `count`.
   */
  otherClasses?: 'count' | 'report';
}

/** Whether classes that are not selected are problems. */
export const reportsOthers = ({ absentClasses, otherClasses }: ClassOptions): boolean =>
  (otherClasses ?? (absentClasses === 'note' ? 'report' : 'count')) === 'report';

/** @returns the selected classes (default: `available`), and those of them that are not available */
export function selectClasses(
  { classes: selected, absentClasses = 'refuse' }: ClassOptions,
  available: readonly string[],
  source: string,
): { classes: string[]; absent: string[] } {
  if (!selected) return { classes: [...available], absent: [] };
  if (selected.length === 0)
    throw new DetLabError(`Cannot load "${source}": expected at least one class, received none`);
  if (new Set(selected).size !== selected.length)
    throw new DetLabError(`Cannot load "${source}": expected distinct classes, received ${selected.join(', ')}`);
  const known = new Set(available);
  const absent = selected.filter((name) => !known.has(name));
  const others = available.filter((name) => !selected.includes(name));
  const refused = absent.find((name) => {
    // a file of none of the classes is the wrong file
    if (absentClasses === 'refuse' || absent.length === selected.length) return true;
    return absentClasses === 'suspect' && nearest(name, others) !== undefined;
  });
  if (refused !== undefined)
    throw new DetLabError(
      `Cannot select class "${refused}" of "${source}": no such class.${didYouMean(refused, others)} ` +
        `Classes: ${available.join(', ') || 'none'}. A class that has no objects here is accepted with absentClasses: 'note' (absent_classes in configs)`,
    );
  return { classes: [...selected], absent };
}
