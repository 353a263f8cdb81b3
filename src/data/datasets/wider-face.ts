// WIDER FACE in the layout that MMDetection reads: a list of ids, Annotations/<id>.xml, <folder>/<id>.jpg with the folder that the XML
// file names. Coordinates are cut to integers and count from 0.

import path from 'node:path';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { BadData } from '../bad-data';
import type { AnnotatedImage, AnnotatedObject } from '../formats/annotated-image';
import { numberedLines, readText } from '../formats/place';
import { readFiles } from '../formats/read-files';
import type { ReadReport } from '../formats/read-report';
import { LIMITS, readBounded } from '../loading/bounded-read';
import { annotatedLoader } from './annotated-loader';
import { sharedOptions, unusedPrefix } from './coco-options';
import type { DatasetLoader } from './dataset-loader';
import { readVocAnnotation } from './voc/annotation';

const options = z.strictObject({
  ...sharedOptions,
  ann_file: z.string().describe('List of image ids, one a line'),
  data_prefix: z
    .strictObject({ img: z.string().default(''), sub_data_root: unusedPrefix })
    .default({ img: '' })
    .describe('img: folder of Annotations and of the folders of images'),
  proposal_file: z.null().optional().describe('Only null'),
});

export const WIDERFaceDataset = defineModule({
  kind: 'dataset',
  type: 'WIDERFaceDataset',
  summary: 'Images of events with boxes of faces, in XML files',
  paper: 'Yang et al., WIDER FACE: A Face Detection Benchmark, CVPR 2016',
  shapes: 'a list, XML files and folders of images -> images with boxes [k, 4]',
  example:
    "{ type: 'WIDERFaceDataset', data_root: 'data/WIDERFace/', ann_file: 'val.txt', data_prefix: { img: 'WIDER_val' } }",
  options,
  build: (given, { path: at }): DatasetLoader => {
    const minSize = given.test_mode ? 0 : (given.filter_cfg?.bbox_min_size ?? 0);
    return annotatedLoader(given, at, async (file, report) => {
      const root = path.resolve(given.data_root ?? '', given.data_prefix.img);
      const ids = numberedLines(await readText(file, report)).map(({ line }) => line);
      const read = await readFiles(ids, report, (id, own) => readImage(id, root, minSize, own));
      const images = read.filter((image) => image !== undefined);
      return { parts: [{ name: 'train', images, folders: [root] }], classes: ['face'] };
    });
  },
});

async function readImage(
  id: string,
  root: string,
  minSize: number,
  report: ReadReport,
): Promise<AnnotatedImage | undefined> {
  const file = path.join(root, 'Annotations', `${id}.xml`);
  try {
    const { objects, size, folder } = readVocAnnotation(await readBounded(file, LIMITS.xml, { near: false }), file, id);
    return {
      names: [path.join(folder, `${id}.jpg`), `${id}.jpg`],
      file,
      ...(size && { size }),
      objects: objects.flatMap(({ name, difficult, corners, problem }, i): AnnotatedObject[] => {
        const place = `Object ${i + 1} of "${file}"`;
        if (!corners || problem) {
          report.problem(problem?.kind ?? 'empty-annotation', file, place, problem?.what ?? 'has no box; skipped');
          return [];
        }
        const [x1, y1, x2, y2] = corners.map(Math.trunc);
        const ignored = difficult || x2 - x1 < minSize || y2 - y1 < minSize;
        return [{ name, box: [x1, y1, x2, y2], place, ...(ignored && { ignored }) }];
      }),
    };
  } catch (error) {
    if (!(error instanceof BadData) && (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const what = error instanceof BadData ? error.message : `Cannot find annotation "${file}"`;
    report.problems.push({ kind: 'bad-annotation', file, id, message: what, lost: 'image' });
    return undefined;
  }
}
