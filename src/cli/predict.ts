// `detlab predict CONFIG CHECKPOINT IMAGE...`: boxes as a table or JSON, and drawn on the images with --out.

import { mkdirSync, writeFileSync } from 'node:fs';
import { detector } from '../lab/detector';
import type { Predictions } from '../lab/predictions';
import { drawingNames } from './drawing-names';
import { EXIT, output, phase } from './outcome';

export interface PredictArguments {
  out?: string;
  threshold?: number;
  amp?: boolean;
  cfgOptions?: string[];
  json?: boolean;
}

export async function predictCommand(
  config: string,
  checkpoint: string,
  images: string[],
  options: PredictArguments,
): Promise<number> {
  const out = output(options.json === true);
  const model = await phase(EXIT.usage, () => detector(config, { options: options.cfgOptions }).load(checkpoint));
  if (options.out !== undefined) mkdirSync(options.out, { recursive: true });
  const drawings = drawingNames(images, options.out ?? '');
  let failed = 0;
  // continues with the other images
  const fail = (image: string, message: string): void => {
    failed++;
    out.event('error', { image, message });
    process.stderr.write(`${message}\n`);
  };
  for (const [i, image] of images.entries()) {
    try {
      const predictions = await model.predict(image, {
        threshold: options.threshold,
        precision: options.amp ? 'bfloat16' : undefined,
      });
      const drawn = options.out === undefined ? {} : await draw(predictions, drawings[i]);
      out.event('predictions', { image, picture: drawn.file, predictions: predictions.confident });
      out.print(`${predictions}${drawn.file ? `\ndrawn: ${drawn.file}` : ''}`);
      if (drawn.error) fail(image, `Cannot draw the boxes of "${image}" in "${drawings[i]}": ${drawn.error}`);
    } catch (error) {
      fail(image, (error as Error).message);
    }
  }
  return failed > 0 ? EXIT.data : EXIT.ok;
}

/** Detections are printed whether or not they can be drawn. */
async function draw(predictions: Predictions, file: string): Promise<{ file?: string; error?: string }> {
  try {
    writeFileSync(file, await predictions.draw());
    return { file };
  } catch (error) {
    return { error: (error as Error).message };
  }
}
