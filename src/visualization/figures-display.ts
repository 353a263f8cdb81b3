// A display of images without boxes in rows, with tables below: feature maps.

import type { MimeBundle } from './display';
import { figuresHtml, type ImageFigure, sheetBytes, sheetFallback, sheetSvg } from './image-figure';
import { type DisplayParts, PartsDisplay } from './parts-display';
import type { Formats } from './savable';

export interface FiguresParts extends DisplayParts {
  /** In rows of `columns`; undefined leaves a place empty. */
  figures: readonly (ImageFigure | undefined)[];
  columns: number;
}

export class FiguresDisplay extends PartsDisplay<FiguresParts> {
  protected imagesHtml(): Promise<string> {
    return figuresHtml(this.parts.figures, this.parts.columns);
  }

  private svg(): Promise<string> {
    return sheetSvg(this.parts.figures, this.parts.columns);
  }

  protected imageFormats(): Formats {
    return {
      png: async () => sheetBytes(await this.svg(), 'png'),
      jpg: async () => sheetBytes(await this.svg(), 'jpeg'),
      svg: () => this.svg(),
    };
  }

  protected async bundle(): Promise<MimeBundle> {
    return {
      'text/html': await this.html(),
      'image/png': await sheetFallback(await this.svg()),
      'text/plain': this.toString(),
    };
  }
}
