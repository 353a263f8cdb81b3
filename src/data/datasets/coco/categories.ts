// The categories of a COCO file. Names may be numbers; categories of one name are one class; one id for two names leaves
// the class of its objects unknown. Roboflow's first category, the name of the project, is no class.

import { DetLabError } from '../../../errors';
import { nearNames } from '../near-names';
import { fieldsOf, flagOf, type Key, keyOf, nameOf } from './fields';
import type { CocoReport } from './report';

export interface Category {
  id: Key;
  name: string;
  supercategory?: string;
  /** Of a category with keypoints, as the file has them. */
  pose?: { keypoints: unknown; skeleton?: unknown };
  /** LVIS's. */
  frequency?: string;
  /** Of panoptic segmentation: objects, not regions. */
  isThing: boolean;
}

/**
 * Categories by id.
 * @throws DetLabError when two names share an id, or there are no categories
 */
export function readCategories(entries: readonly unknown[], report: CocoReport): Map<Key, Category> {
  const categories = new Map<Key, Category>();
  const idOfName = new Map<string, Key>();
  for (const entry of entries) {
    const fields = fieldsOf(entry);
    const id = keyOf(fields?.id);
    if (!fields || id === undefined) {
      report.entry('bad-annotation', 'Category', nameOf(fields?.name), 'has no id; not used', 'nothing');
      continue;
    }
    const given = nameOf(fields.name);
    if (given === undefined) report.entry('bad-annotation', 'Category', id, `has no name; named "${id}"`, 'nothing');
    const name = given ?? String(id);
    const known = categories.get(id);
    if (known && known.name !== name)
      throw new DetLabError(
        `Cannot use "${report.file}": its categories "${known.name}" and "${name}" have one id, ${id}, so the class of ` +
          'its objects is unknown. Give each category a distinct id',
      );
    if (known) {
      report.entry('duplicate', 'Category', id, `("${name}") is listed twice; used once`);
      continue;
    }
    const other = idOfName.get(name);
    if (other !== undefined)
      report.entry('duplicate', 'Category', id, `has the name "${name}" of category ${other}; both are one class`);
    else idOfName.set(name, id);
    categories.set(id, {
      id,
      name,
      supercategory: nameOf(fields.supercategory),
      frequency: nameOf(fields.frequency),
      ...(hasKeypoints(fields.keypoints) && { pose: { keypoints: fields.keypoints, skeleton: fields.skeleton } }),
      isThing: fields.isthing === undefined || flagOf(fields.isthing),
    });
  }
  if (categories.size === 0)
    throw new DetLabError(
      `Cannot use "${report.file}" as a COCO annotation file: it lists no categories. ` +
        'Give the file with instances (image_info files have no ground truth)',
    );
  for (const line of nearNames([...idOfName.keys()])) report.notice(line);
  return categories;
}

/** Whether there are any: tools write an empty list for categories without. */
const hasKeypoints = (given: unknown): boolean =>
  given !== undefined && given !== null && !(Array.isArray(given) && given.length === 0);

/**
 * The names of the classes in the file's order, without Roboflow's project name: the first category when it has no objects
 * and is the supercategory of all others.
 *
 * @param used ids of the categories of annotations
 */
export function classNames(
  categories: ReadonlyMap<Key, Category>,
  used: ReadonlySet<Key>,
  report: CocoReport,
): string[] {
  const [first, ...others] = categories.values();
  const isProjectName =
    !used.has(first.id) &&
    (first.supercategory === undefined || first.supercategory === 'none') &&
    others.length > 0 &&
    others.every(({ name, supercategory }) => supercategory === first.name && name !== first.name);
  if (!isProjectName) return [...new Set([...categories.values()].map(({ name }) => name))];
  report.notice(
    `category "${first.name}" has no objects and is the supercategory of all others, as Roboflow writes ` +
      'it: not a class. List it in classes to keep it',
  );
  return [...new Set(others.map(({ name }) => name))];
}
