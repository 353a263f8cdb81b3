// COCO: annotations/instances_<part>.json and images/<part>. Category ids from 1 in the order of the classes; nothing is lost.

import { countObjectsOf, type ExportFiles, type ExportPart, objectsAre, objectsOf } from './export-files';

export function cocoFiles(parts: readonly ExportPart[], classes: readonly string[]): ExportFiles {
  const ignored = countObjectsOf(parts, (object) => object.ignored && !object.crowd);
  return {
    images: ({ name }) => `images/${name}`,
    *files() {
      for (const part of parts)
        yield [`annotations/instances_${part.name}.json`, JSON.stringify(contentOf(part, classes))];
    },
    losses:
      ignored > 0 ? [`${objectsAre(ignored)} ignored, written with ignore: 1, which pycocotools does not read`] : [],
  };
}

function contentOf({ dataset, names, left }: ExportPart, classes: readonly string[]) {
  const annotations: object[] = [];
  const images = dataset.records.map((record, i) => {
    for (const { label, box, area, crowd, ignored, outline, keypoints } of objectsOf(record)) {
      const [x1, y1, x2, y2] = box;
      annotations.push({
        id: annotations.length + 1,
        image_id: record.id,
        category_id: label + 1,
        bbox: [x1, y1, x2 - x1, y2 - y1],
        area,
        iscrowd: crowd ? 1 : 0,
        ...(ignored && !crowd && { ignore: 1 }),
        segmentation: outline ?? [],
        ...(keypoints && { keypoints, num_keypoints: keypoints.filter((v, k) => k % 3 === 2 && v > 0).length }),
      });
    }
    return { id: record.id, file_name: left?.[i] ?? names[i], width: record.width, height: record.height };
  });
  const { skeleton } = dataset;
  const points = skeleton && {
    keypoints: skeleton.names,
    skeleton: skeleton.links.map((link) => link.map((k) => k + 1)), // counted from 1
  };
  const categories = classes.map((name, i) => ({ id: i + 1, name, supercategory: '', ...points }));
  return { images, annotations, categories };
}
