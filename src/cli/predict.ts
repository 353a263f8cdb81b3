// `detlab predict CONFIG CHECKPOINT IMAGE...`: boxes as a table or JSON, and drawn on the images with --out.

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { detector } from '../lab/detector';
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
  const { threshold = 0.3 } = options;
  const model = await phase(EXIT.usage, () => detector(config, { options: options.cfgOptions }).load(checkpoint));
  if (options.out !== undefined) mkdirSync(options.out, { recursive: true });
  let failed = 0;
  for (const image of images) {
    try {
      const predictions = await model.predict(image, { threshold, precision: options.amp ? 'bfloat16' : undefined });
      let drawing: string | undefined;
      if (options.out !== undefined) {
        drawing = path.join(options.out, `${path.basename(image, path.extname(image))}.png`);
        writeFileSync(drawing, await predictions.draw());
      }
      out.event('predictions', { image, picture: drawing, predictions: predictions.confident });
      out.print(`${predictions}${drawing ? `\ndrawn: ${drawing}` : ''}`);
    } catch (error) {
      // continue with the other images
      failed++;
      out.event('error', { image, message: (error as Error).message });
      process.stderr.write(`${(error as Error).message}\n`);
    }
  }
  return failed > 0 ? EXIT.data : EXIT.ok;
}
