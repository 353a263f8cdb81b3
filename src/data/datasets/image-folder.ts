// Image files below a folder: existence, looked up once per folder instead of once per image, paths confined to the folder,
// and files whose annotated name is nearly theirs.

import { readdirSync } from 'node:fs';
import path from 'node:path';
import { IMAGE_EXTENSIONS } from '../loading/decode';

/** The names in a folder, and the one of each folded name (undefined: several). */
interface Listing {
  names: Set<string>;
  folded?: Map<string, string | undefined>;
}

/** A name in the folder itself, which no part of a path needs to be resolved for. */
const PLAIN = /^[\w -]+\.\w+$/;

/** Spellings of one extension. */
const EXTENSIONS: Record<string, string> = { '.jpeg': '.jpg', '.jpe': '.jpg', '.jfif': '.jpg', '.tiff': '.tif' };

/** Names that a file system, an archive or a tool may have changed into each other. */
function fold(name: string): string {
  const folded = name.normalize('NFC').toLowerCase();
  const extension = path.extname(folded);
  return extension in EXTENSIONS ? folded.slice(0, -extension.length) + EXTENSIONS[extension] : folded;
}

/** Image files below `root`. */
export class ImageFolder {
  private readonly listings = new Map<string, Listing>();
  private readonly prefix: string;

  constructor(readonly root: string) {
    this.prefix = root.endsWith(path.sep) ? root : root + path.sep;
  }

  /** Absolute path of `file`, or undefined when it points outside the folder (`../../etc/passwd`). */
  resolve(file: string): string | undefined {
    if (PLAIN.test(file)) return this.prefix + file; // of a million images most are
    const full = path.resolve(this.root, file);
    const inside = path.relative(this.root, full);
    return inside === '' || inside.startsWith('..') || path.isAbsolute(inside) ? undefined : full;
  }

  /** Whether `full`, as `resolve` gave it, exists. */
  has(full: string): boolean {
    const at = full.lastIndexOf(path.sep);
    return this.list(full.slice(0, at) || path.sep).names.has(full.slice(at + 1));
  }

  /**
   * The file that an annotated name means when there is none of exactly that name. In this order: with `\` as separator;
   * without percent escapes; the end of a path of another machine or an URL; in other case, or with an extension if it has
   * none. Undefined: none.
   */
  guess(name: string): string | undefined {
    const variants = variantsOf(name).map((variant) =>
      variant.split('/').filter((part) => part !== '' && part !== '.'),
    );
    const finders = [this.exact, this.folded, this.extended].map((find) => find.bind(this));
    for (const find of finders)
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
      const name = listing.names.has(part) ? part : (listing.folded ??= foldedNames(listing.names)).get(fold(part));
      if (name === undefined) return undefined;
      full = path.join(full, name);
    }
    return full;
  }

  /** The only image of a name without extension. */
  private extended(parts: string[]): string | undefined {
    const last = parts[parts.length - 1];
    const folder = this.folded(parts.slice(0, -1));
    if (IMAGE_EXTENSIONS.includes(path.extname(last).toLowerCase()) || folder === undefined) return undefined;
    const { names } = this.list(folder);
    const found = IMAGE_EXTENSIONS.flatMap((extension) => [last + extension, last + extension.toUpperCase()]);
    const there = found.filter((name) => names.has(name));
    return there.length === 1 ? path.join(folder, there[0]) : undefined;
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

function foldedNames(names: Iterable<string>): Map<string, string | undefined> {
  const folded = new Map<string, string | undefined>();
  for (const name of names) folded.set(fold(name), folded.has(fold(name)) ? undefined : name);
  return folded;
}

/** An annotated name with other separators, without escapes, or the file that an URL's query names (Label Studio). */
function variantsOf(name: string): string[] {
  const slashed = name.replaceAll('\\', '/');
  const query = /[?&]d=([^&]+)/.exec(slashed)?.[1];
  const plain = /^[a-z][a-z0-9+.-]*:\/\//i.test(slashed) ? slashed.replace(/[?#].*$/, '') : slashed;
  const variants = [...(query === undefined ? [] : [query]), plain.trim()].flatMap((variant) => {
    const once = unescaped(variant);
    // escaped twice, or as a form is
    return [variant, once, unescaped(once), unescaped(variant.replaceAll('+', ' '))];
  });
  return [...new Set(variants)];
}

/** Without percent escapes, where they are some. */
export function unescaped(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name; // a percent sign that is no escape
  }
}
