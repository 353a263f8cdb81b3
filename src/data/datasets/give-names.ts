// Names of the classes as the text of images, for detectors on text.

import type { Dataset, ImagePrompt } from '../types';

/** To every image that has no text of its own. */
export function giveNames({ records, classes }: Dataset, captionPrompt?: ImagePrompt['captionPrompt']): void {
  const prompt: ImagePrompt = { text: classes, customEntities: true, ...(captionPrompt && { captionPrompt }) };
  for (const record of records) record.prompt ??= prompt;
}
