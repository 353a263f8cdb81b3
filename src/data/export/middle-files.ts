// MMDetection's middle format of version 3, which BaseDetDataset reads: <part>.json with metainfo and data_list, and images.

import { countObjectsOf, type ExportFiles, type ExportPart, objectsAre, objectsOf } from './export-files';

export function middleFiles(parts: readonly ExportPart[], classes: readonly string[]): ExportFiles {
  const crowds = countObjectsOf(parts, ({ crowd }) => crowd);
  return {
    images: ({ name }) => `images/${name}`,
    *files() {
      for (const { name, dataset, names, left } of parts) {
        const data_list = dataset.records.map((record, i) => ({
          img_path: left?.[i] ?? names[i],
          img_id: record.id,
          width: record.width,
          height: record.height,
          instances: objectsOf(record).map(({ label, box, ignored, outline }) => ({
            bbox: box,
            bbox_label: label,
            ignore_flag: ignored ? 1 : 0,
            ...(outline && { mask: outline }),
          })),
        }));
        yield [`${name}.json`, JSON.stringify({ metainfo: { classes }, data_list })];
      }
    },
    losses: crowds > 0 ? [`${objectsAre(crowds)} crowds, written as ignored`] : [],
  };
}
