// The source files of all programs, parsed once and shared. Files of packages are kept as first read, and parsed
// without their doc comments, which take half of the time; inspection parses those of the files it shows something of.

import { statSync } from 'node:fs';
import ts from 'typescript';

const isPackageFile = (path: string) => path.includes('/node_modules/');

export class SourceFiles implements ts.DocumentRegistry {
  private readonly files = new Map<string, ts.SourceFile>();
  private readonly snapshots = new Map<string, { version: string; snapshot: ts.IScriptSnapshot }>();
  private readonly stamps = new Map<string, string>();

  /** How often local files may have changed. */
  generation = 0;

  /** @param fixed further files that never change: those of this project */
  constructor(private readonly fixed: (path: string) => boolean) {}

  /** Whether a file never changes. */
  isFixed(path: string): boolean {
    return isPackageFile(path) || this.fixed(path);
  }

  /** Whether a file is parsed without its doc comments. */
  lacksComments(path: string): boolean {
    return this.isFixed(path);
  }

  /** Checks again whether local files have changed, when next asked. */
  refresh(): void {
    this.generation++;
    this.stamps.clear();
  }

  version(path: string): string {
    if (this.isFixed(path)) return '1';
    let stamp = this.stamps.get(path);
    if (stamp === undefined) {
      try {
        const { mtimeMs, size, ino } = statSync(path);
        stamp = `${mtimeMs}-${size}-${ino}`;
      } catch {
        stamp = 'gone';
      }
      this.stamps.set(path, stamp);
    }
    return stamp;
  }

  snapshot(path: string): ts.IScriptSnapshot | undefined {
    const version = this.version(path);
    const known = this.snapshots.get(path);
    if (known?.version === version) return known.snapshot;
    const text = ts.sys.readFile(path);
    if (text === undefined) return undefined;
    const snapshot = ts.ScriptSnapshot.fromString(text);
    this.snapshots.set(path, { version, snapshot });
    return snapshot;
  }

  /** Parses a file ahead of time. */
  parse(path: string, options: ts.CompilerOptions): ts.SourceFile | undefined {
    const snapshot = this.snapshot(path);
    if (!snapshot) return undefined;
    const target = { languageVersion: options.target ?? ts.ScriptTarget.ES2022 };
    return this.updateDocument(path, options, snapshot, this.version(path), undefined, target);
  }

  // ---- ts.DocumentRegistry

  updateDocument(
    fileName: string,
    _options: ts.CompilerOptions | ts.MinimalResolutionCacheHost,
    snapshot: ts.IScriptSnapshot,
    version: string,
    scriptKind?: ts.ScriptKind,
    target?: ts.CreateSourceFileOptions | ts.ScriptTarget,
  ): ts.SourceFile {
    const known = this.files.get(fileName) as (ts.SourceFile & { version: string }) | undefined;
    if (known && known.version === version && known.text.length === snapshot.getLength()) return known;
    const language = typeof target === 'object' ? target : { languageVersion: target ?? ts.ScriptTarget.ES2022 };
    const jsDocParsingMode = this.isFixed(fileName) ? ts.JSDocParsingMode.ParseNone : ts.JSDocParsingMode.ParseAll;
    const file = ts.createLanguageServiceSourceFile(
      fileName,
      snapshot,
      { ...language, jsDocParsingMode },
      version,
      true,
      scriptKind,
    );
    this.files.set(fileName, file);
    return file;
  }

  acquireDocument: ts.DocumentRegistry['acquireDocument'] = (...args) => this.updateDocument(...args);

  updateDocumentWithKey: ts.DocumentRegistry['updateDocumentWithKey'] = (name, _path, options, _key, ...rest) =>
    this.updateDocument(name, options, ...rest);

  acquireDocumentWithKey: ts.DocumentRegistry['acquireDocumentWithKey'] = (...args) =>
    this.updateDocumentWithKey(...args);

  getKeyForCompilationSettings(): ts.DocumentRegistryBucketKey {
    return 'cells' as ts.DocumentRegistryBucketKey;
  }

  /** Files are kept: the next cell may need them again. */
  releaseDocument(): void {}
  releaseDocumentWithKey(): void {}

  reportStats(): string {
    return `${this.files.size} files`;
  }
}
