// The classes of a dataset and the colours that its metainfo gives them, as drawings take both.

import type { LiveImagesOptions } from '../visualization/live-images';

/** Without a palette the standard colours are used. */
export const classColours = ({ classes, palette }: { classes: readonly string[]; palette?: readonly string[] }) =>
  ({ classes, ...(palette && { palette: [...palette] }) }) satisfies LiveImagesOptions;
