// The keypoints of a COCO file: a second reading of its annotations, as only datasets of poses need them. What cannot be used is
// reported with the annotation, whose object then has no visible keypoint: training leaves it out (FilterAnnotations with
// `by_keypoints`), evaluation does not count it.

import { stat } from 'node:fs/promises';
import type { Keypoints } from '../../../geometry/keypoints';
import { COCO_PERSON, type Skeleton } from '../../../geometry/skeleton';
import { LIMITS } from '../../loading/bounded-read';
import { notJson, readJson } from '../../loading/json-file';
import { NotListed, readJsonLists } from '../../loading/json-lists';
import type { Dataset, ImageRecord } from '../../types';
import { takeObjects } from '../take-objects';
import { categorySkeleton } from './category-skeleton';
import { fieldsOf, MAX_COORDINATE } from './fields';
import { CocoReport } from './report';

type Id = number | string;
type Given = Float32Array | 'several' | 'none';

/**
 * The dataset with the keypoints of its objects; those without any are left out, as by MMPose.
 *
 * @param given what they are; undefined: what the file says, COCO's person where it says nothing
 */
export async function withKeypoints(dataset: Dataset, file: string, given: Skeleton | undefined): Promise<Dataset> {
  const skeleton = chosenSkeleton(given, dataset, file);
  const report = new CocoReport(file);
  const table = await readKeypoints(file, skeleton, report);
  const used = dataset.records.map((record) => recordKeypoints(record, table, skeleton, report));
  if (table.without > 0) report.notice(`${table.without} annotations have no keypoints; they are not used`);
  return {
    ...dataset,
    records: used,
    skeleton,
    problems: [...dataset.problems, ...report.problems],
    notices: [...(dataset.notices ?? []), ...report.notices],
  };
}

/** Lines of the file are drawn where those that are given have none, and have its names. */
function chosenSkeleton(given: Skeleton | undefined, { categories = [] }: Dataset, file: string): Skeleton {
  if (given && given.links.length > 0) return given;
  const found = categorySkeleton(categories, file);
  if (!given) return found ?? COCO_PERSON;
  if (found?.names.join('\n') !== given.names.join('\n')) return given;
  return { ...given, links: found.links, linkColors: found.linkColors };
}

interface KeypointTable {
  of: Map<Id, Given>;
  /** Annotations that have none. */
  without: number;
}

async function readKeypoints(file: string, skeleton: Skeleton, report: CocoReport): Promise<KeypointTable> {
  let table: KeypointTable = { of: new Map(), without: 0 };
  const readers = () => {
    report.problems.length = 0; // it may be read again, in another encoding
    table = { of: new Map(), without: 0 };
    return { annotations: { parsed: (entry: unknown) => readEntry(entry, skeleton, table, report) } };
  };
  try {
    await readJsonLists(file, readers);
  } catch (error) {
    if (!(error instanceof NotListed)) throw error;
    if ((await stat(file)).size > LIMITS.json) throw notJson(file, error.why);
    const { annotations } = readers();
    const entries = fieldsOf((await readJson(file, 'annotation file')).json)?.annotations;
    for (const entry of Array.isArray(entries) ? entries : []) annotations.parsed(entry);
  }
  return table;
}

function readEntry(entry: unknown, skeleton: Skeleton, table: KeypointTable, report: CocoReport): void {
  const fields = fieldsOf(entry);
  const id = fields?.id;
  const isKnown = (typeof id === 'number' && Number.isFinite(id)) || (typeof id === 'string' && id !== '');
  if (!fields) return; // reported with the boxes
  const given = fields.keypoints;
  if (given === undefined || given === null) table.without++;
  if (!isKnown) {
    if (given !== undefined && given !== null)
      report.annotation('bad-annotation', undefined, 'has keypoints and no id: they are not used', 'nothing');
    return;
  }
  if (table.of.has(id)) {
    table.of.set(id, 'several');
    return;
  }
  if (given === undefined || given === null) table.of.set(id, 'none');
  else table.of.set(id, pointsOf(given, fields.num_keypoints, id, skeleton, report));
}

/** x, y, visibility of each; none of them visible where they cannot be used. */
function pointsOf(given: unknown, visible: unknown, id: Id, { names }: Skeleton, report: CocoReport): Float32Array {
  const none = new Float32Array(3 * names.length);
  const refuse = (why: string): Float32Array => {
    report.annotation('bad-annotation', id, `${why}; its keypoints are not used`, 'nothing');
    return none;
  };
  if (!Array.isArray(given)) return refuse('has keypoints that are no list');
  if (given.length !== 3 * names.length)
    return refuse(
      `has ${given.length} numbers as keypoints: expected x, y and visibility of ${names.length}, ${3 * names.length} numbers`,
    );
  let count = 0;
  for (let k = 0; k < names.length; k++) {
    const [x, y, v] = given.slice(3 * k, 3 * k + 3) as unknown[];
    if (![x, y, v].every((value) => typeof value === 'number' && Math.abs(value) <= MAX_COORDINATE))
      return refuse(
        `has the keypoint "${names[k]}" ${JSON.stringify([x, y, v])}: expected three numbers, x and y in pixels and a visibility`,
      );
    if (v !== 0 && v !== 1 && v !== 2)
      return refuse(`has the visibility ${v} of "${names[k]}": expected 0 (not labelled), 1 (hidden) or 2 (visible)`);
    if (v > 0) count++;
  }
  if (typeof visible === 'number' && visible !== count)
    report.annotation(
      'bad-annotation',
      id,
      `has num_keypoints ${visible}, and ${count} keypoints that are labelled: the latter are used`,
      'nothing',
    );
  return Float32Array.from(given as number[]);
}

/** A record with the objects that have keypoints. */
function recordKeypoints(
  record: ImageRecord,
  { of }: KeypointTable,
  skeleton: Skeleton,
  report: CocoReport,
): ImageRecord {
  const { names, flipIndices } = skeleton;
  const width = 3 * names.length;
  const kept = Array.from(record.annotationIds.keys()).filter((i) => {
    const found = of.get(record.annotationIds[i]);
    if (found === 'several')
      report.annotation(
        'duplicate',
        record.annotationIds[i],
        'is the id of several annotations, so that their keypoints are not used',
        'nothing',
      );
    return found !== undefined && found !== 'none';
  });
  const points = new Float32Array(kept.length * width);
  for (const [k, i] of kept.entries()) {
    const found = of.get(record.annotationIds[i]);
    if (found instanceof Float32Array) points.set(found, k * width);
  }
  const keypoints: Keypoints = { kind: 'keypoints', points, flipIndices, skeleton };
  return { ...takeObjects(record, kept), keypoints };
}
