// Proposals computed beforehand, from a JSON file: { "val2017/1.jpg": { "bboxes": [[x1, y1, x2, y2], ...], "scores": [...] } },
// the folder and file name of each image as key, as in MMDetection's pickled files, beside which it may stand (.json for .pkl).

import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { DetLabError } from '../../errors';
import { LIMITS, readBounded } from '../bounded-read';
import type { Dataset } from '../types';

const box = z.tuple([z.number(), z.number(), z.number(), z.number()]);
const schema = z.record(z.string(), z.object({ bboxes: z.array(box), scores: z.array(z.number()) }));

/**
 * The data set with the proposals of its images.
 * @throws DetLabError for a file that cannot be read, or that lacks an image.
 */
export async function withProposals(dataset: Dataset, given: string): Promise<Dataset> {
  const beside = given.replace(/\.pkl$/, '.json');
  const file = existsSync(beside) ? beside : given;
  if (!file.endsWith('.json'))
    throw new DetLabError(
      `Cannot read proposals from "${file}": expected a .json file of { "folder/image.jpg": { "bboxes": [[x1, y1, x2, y2]], "scores": [] } }. ` +
        "Write MMDetection's pickled proposals as JSON, under the same name with .json",
    );
  let proposals: z.output<typeof schema>;
  try {
    proposals = schema.parse(JSON.parse((await readBounded(file, LIMITS.json)).toString('utf8')));
  } catch (error) {
    throw new DetLabError(`Cannot read proposals from "${file}": ${(error as Error).message.split('\n')[0]}`);
  }
  return {
    ...dataset,
    records: dataset.records.map((record) => {
      const key = `${path.basename(path.dirname(record.path))}/${path.basename(record.path)}`;
      const own = proposals[key];
      if (own && own.bboxes.length === own.scores.length)
        return {
          ...record,
          proposals: { bboxes: Float32Array.from(own.bboxes.flat()), scores: Float32Array.from(own.scores) },
        };
      throw new DetLabError(
        `Cannot use the proposals of "${file}": ` +
          (own
            ? `"${key}" has ${own.bboxes.length} boxes and ${own.scores.length} scores`
            : `it has none for "${key}"`),
      );
    }),
  };
}
