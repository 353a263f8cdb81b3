// Precomputed proposals from a JSON file: { "val2017/1.jpg": { "bboxes": [[x1, y1, x2, y2], ...], "scores": [...] } }, keyed
// by folder and file name of each image as MMDetection's pickled files are. For a .pkl path the .json of that name is read.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { DetLabError } from '../../errors';
import { readJson } from '../loading/json-file';
import type { Dataset } from '../types';

const box = z.tuple([z.number(), z.number(), z.number(), z.number()]);
const schema = z.record(z.string(), z.object({ bboxes: z.array(box), scores: z.array(z.number()) }));

/**
 * The dataset with proposals for its images.
 * @throws DetLabError for a file that cannot be read or lacks an image.
 */
export async function withProposals(dataset: Dataset, proposalFile: string): Promise<Dataset> {
  const converted = proposalFile.replace(/\.pkl$/, '.json');
  const file = existsSync(converted) ? converted : proposalFile;
  if (!file.endsWith('.json'))
    throw new DetLabError(
      `Cannot read proposals from "${file}": expected a .json file of { "folder/image.jpg": { "bboxes": [[x1, y1, x2, y2]], "scores": [] } }. ` +
        "Convert MMDetection's pickled proposals to JSON, to the same name with .json",
    );
  let proposals: z.output<typeof schema>;
  try {
    proposals = schema.parse((await readJson(file)).json);
  } catch (error) {
    throw new DetLabError(`Cannot read proposals from "${file}": ${(error as Error).message.split('\n')[0]}`);
  }
  return {
    ...dataset,
    records: dataset.records.map((record) => {
      const key = `${path.basename(path.dirname(record.path))}/${path.basename(record.path)}`;
      const ofImage = proposals[key];
      if (ofImage && ofImage.bboxes.length === ofImage.scores.length)
        return {
          ...record,
          proposals: { bboxes: Float32Array.from(ofImage.bboxes.flat()), scores: Float32Array.from(ofImage.scores) },
        };
      throw new DetLabError(
        `Cannot use the proposals of "${file}": ` +
          (ofImage
            ? `expected as many scores as boxes, "${key}" has ${ofImage.bboxes.length} boxes and ${ofImage.scores.length} scores`
            : `it has none for "${key}"`),
      );
    }),
  };
}
