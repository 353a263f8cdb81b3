// A display of live images with tables below: what views of the training data and of the inside of a model share.

import type { MimeBundle } from './display';
import type { DrawingOptions } from './drawing-options';
import type { LiveImages } from './live-images';
import { type DisplayParts, PartsDisplay } from './parts-display';
import type { Formats } from './savable';

export interface LiveFiguresParts extends DisplayParts {
  images: LiveImages;
}

export class LiveFigures extends PartsDisplay<LiveFiguresParts> {
  /**
   * The same with other drawing options: colours, labels, widths, columns.
   *
   * @example (await recipe.batches(data)).show({ palette: { car: '#ff8800' }, labels: false, columns: 2 })
   * @throws DetLabError for an unknown option, with the nearest
   */
  show(drawing: DrawingOptions = {}): LiveFigures {
    return new LiveFigures({ ...this.parts, images: this.parts.images.with(drawing) });
  }

  protected imagesHtml(): Promise<string> {
    return this.parts.images.html();
  }

  protected imageFormats(): Formats {
    const { images } = this.parts;
    return {
      png: () => images.bytes('png'),
      jpg: () => images.bytes('jpeg'),
      svg: () => images.svg(),
    };
  }

  protected async bundle(): Promise<MimeBundle> {
    return {
      'text/html': await this.html(),
      ...(await this.parts.images.fallback()),
      'text/plain': this.toString(),
    };
  }
}
