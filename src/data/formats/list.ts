// All formats, the most particular first: the first that recognises what is there reads it.

import { coco } from './coco';
import { createMl } from './create-ml';
import { csv } from './csv';
import { cvat } from './cvat';
import { datumaro } from './datumaro';
import { dsdl } from './dsdl';
import type { Format } from './format';
import { imageFolder } from './image-folder';
import { kitti } from './kitti';
import { labelStudio } from './label-studio';
import { labelme } from './labelme';
import { metadataJsonl } from './metadata-jsonl';
import { middle } from './middle';
import { openImages } from './open-images';
import { supervisely } from './supervisely';
import { via } from './via';
import { voc } from './voc';
import { yolo } from './yolo';

const JSON_FORMATS = [coco, labelStudio, datumaro, via, supervisely, labelme, middle, createMl];
const OTHERS = [dsdl, voc, cvat, yolo, kitti, openImages, metadataJsonl, csv];

export const FORMATS: readonly Format[] = [...JSON_FORMATS, ...OTHERS, imageFolder];
