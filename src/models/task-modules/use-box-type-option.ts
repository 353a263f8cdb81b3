// An option of MMDetection's coders and prior generators that selects a class for boxes.

import { z } from 'zod';
import { anyValue, ignoredOption } from '../../catalogue/ignored-option';

export const useBoxType = ignoredOption('boxes are always plain arrays of corners', {
  schema: z.boolean().default(false),
  harmless: anyValue,
});
