// All formats, the most particular first: the first that recognises what is there reads it.

import type { Format } from './format';
import { yolo } from './yolo';

export const FORMATS: readonly Format[] = [yolo];
