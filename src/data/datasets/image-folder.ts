// Image files below a folder: existence, looked up once per folder instead of once per image, paths confined to the folder,
// and files whose annotated name is nearly theirs.

import { readdirSync } from 'node:fs';
import path from 'node:path';

/** The names in a folder, and the one of each folded name (undefined: several). */
interface Listing {
  names: Set<string>;
  folded?: Map<string, string | undefined>;
}

/** Names that a file system, an archive or a tool may have changed into each other. */
const fold = (name: string) => name.normalize('NFC').toLowerCase();

/** Image files below `root`. */
export class ImageFolder {
  private readonly listings = new Map<string, Listing>();

  constructor(readonly root: string) {}

  /** Absolute path of `file`, or undefined when it points outside the folder (`../../etc/passwd`). */
  resolve(file: string): string | undefined {
    const full = path.resolve(this.root, file);
    const inside = path.relative(this.root, full);
    return inside === '' || inside.startsWith('..') || path.isAbsolute(inside) ? undefined : full;
  }

  /** Whether `full`, as `resolve` gave it, exists. */
  has(full: string): boolean {
    return this.list(path.dirname(full)).names.has(path.basename(full));
  }

  /**
   * The file that an annotated name means when there is none of exactly that name. In this order: with `\` as separator;
   * without percent escapes; the end of a path of another machine or an URL; in other case. Undefined: none.
   */
  guess(name: string): string | undefined {
    const variants = variantsOf(name).map((variant) =>
      variant.split('/').filter((part) => part !== '' && part !== '.'),
    );
    for (const find of [(parts: string[]) => this.exact(parts), (parts: string[]) => this.folded(parts)])
      for (const parts of variants) {
        const from = parts.lastIndexOf('..') + 1;
        for (let start = from; start < parts.length; start++) {
          const found = find(parts.slice(start));
          if (found !== undefined) return found;
        }
      }
    return undefined;
  }

  private exact(parts: string[]): string | undefined {
    const full = this.resolve(parts.join('/'));
    return full !== undefined && this.has(full) ? full : undefined;
  }

  /** The path whose every part is the same up to case and composed characters, if there is one only. */
  private folded(parts: string[]): string | undefined {
    let full = this.root;
    for (const part of parts) {
      const listing = this.list(full);
      if (!listing.folded) {
        listing.folded = new Map();
        for (const name of listing.names)
          listing.folded.set(fold(name), listing.folded.has(fold(name)) ? undefined : name);
      }
      const name = listing.names.has(part) ? part : listing.folded.get(fold(part));
      if (name === undefined) return undefined;
      full = path.join(full, name);
    }
    return full;
  }

  private list(folder: string): Listing {
    let listing = this.listings.get(folder);
    if (!listing) {
      listing = { names: new Set() };
      try {
        for (const name of readdirSync(folder)) listing.names.add(name);
      } catch {
        // a folder that cannot be listed holds no images: each is reported as missing
      }
      this.listings.set(folder, listing);
    }
    return listing;
  }
}

/** An annotated name with other separators, without escapes, or the file that an URL's query names (Label Studio). */
function variantsOf(name: string): string[] {
  const slashed = name.replaceAll('\\', '/');
  const query = /[?&]d=([^&]+)/.exec(slashed)?.[1];
  const plain = /^[a-z][a-z0-9+.-]*:\/\//i.test(slashed) ? slashed.replace(/[?#].*$/, '') : slashed;
  const variants = [...(query === undefined ? [] : [query]), plain];
  return [...new Set(variants.flatMap((variant) => [variant, unescaped(variant)]))];
}

function unescaped(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name; // a percent sign that is no escape
  }
}
