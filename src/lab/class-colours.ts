// The classes of a dataset and the colours that its metainfo gives them, as drawings take both.

import type { Dataset } from '../data';
import type { LiveImagesOptions } from '../visualization/live-images';

/** Without a palette the standard colours are used. */
export const classColours = ({ classes, palette }: Pick<Dataset, 'classes' | 'palette'>) =>
  ({ classes, ...(palette && { palette }) }) satisfies LiveImagesOptions;
