// Existence of image files, looked up once per folder instead of once per image, and paths confined to the folder.

import { readdirSync } from 'node:fs';
import path from 'node:path';

/** Image files below `root`. */
export class ImageFolder {
  private readonly listings = new Map<string, Set<string>>();

  constructor(readonly root: string) {}

  /** Absolute path of `file`, or undefined when it points outside the folder (`../../etc/passwd`). */
  resolve(file: string): string | undefined {
    const full = path.resolve(this.root, file);
    const inside = path.relative(this.root, full);
    return inside === '' || inside.startsWith('..') || path.isAbsolute(inside) ? undefined : full;
  }

  /** Whether `full`, as `resolve` gave it, exists. */
  has(full: string): boolean {
    const folder = path.dirname(full);
    let names = this.listings.get(folder);
    if (!names) {
      names = new Set();
      try {
        for (const name of readdirSync(folder)) names.add(name);
      } catch {
        // a folder that cannot be listed holds no images: each is reported as missing
      }
      this.listings.set(folder, names);
    }
    return names.has(path.basename(full));
  }
}
