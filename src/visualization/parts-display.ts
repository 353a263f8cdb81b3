// A display whose parts are kept as they were given, and not listed by inspection: they hold pixels.

import { SavableDisplay } from './savable';

export abstract class PartsDisplay<Parts extends { what: string }> extends SavableDisplay {
  protected readonly what: string;
  protected readonly parts: Parts;

  constructor(parts: Parts) {
    super();
    this.what = parts.what;
    this.parts = parts;
    for (const name of ['parts', 'what']) Object.defineProperty(this, name, { enumerable: false });
  }
}
