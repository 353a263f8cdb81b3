// An option of MMDetection's coders and prior generators that selects a class for boxes.

import { z } from 'zod';

export const useBoxType = z
  .boolean()
  .default(false)
  .describe('Accepted and without effect: boxes are always plain arrays of corners');
