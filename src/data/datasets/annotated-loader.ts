// Loads a data set from annotated images that a reader made of its files; what their boxes must be is as in all formats.

import path from 'node:path';
import type { z } from 'zod';
import type { ModuleConfig } from '../../catalogue/registry';
import type { Reading } from '../formats/annotated-image';
import { datasetsOf } from '../formats/open-format';
import { ReadReport } from '../formats/read-report';
import type { Dataset } from '../types';
import { filterOf, type sharedOptions, usedPart } from './coco-options';
import type { DatasetLoader } from './dataset-loader';
import { namesOf } from './metainfo';

type Options = z.output<z.ZodObject<typeof sharedOptions>> & { ann_file: string };

/**
 * @param read the images of the annotation file, as one part
 * @param finish what is added to what was read
 */
export function annotatedLoader(
  options: Options,
  at: string,
  read: (file: string, report: ReadReport) => Promise<Reading>,
  finish: (dataset: Dataset) => Dataset = (dataset) => dataset,
): DatasetLoader {
  return {
    pipeline: options.pipeline as ModuleConfig[],
    load: async (given) => {
      const file = path.resolve(options.data_root ?? '', options.ann_file);
      const report = new ReadReport(file);
      const reading = await read(file, report);
      const selection = {
        classes: given?.classes ?? namesOf(options.metainfo),
        absentClasses: given?.classes ? ('note' as const) : options.absent_classes,
        ...filterOf(options),
      };
      const { train } = await datasetsOf(reading, path.basename(file, path.extname(file)), selection, report);
      return usedPart(finish(train), options, at);
    },
  };
}
