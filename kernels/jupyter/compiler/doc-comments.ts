// Doc comments of files that were parsed without them, which are those of packages: a file that an inspected name is
// declared in is parsed once more, with its comments, and they are handed over.

import ts from 'typescript';

type Documented = ts.Node & { jsDoc?: ts.JSDoc[]; symbol?: Cached };
/** What TypeScript remembers of the comments of a symbol, also when it has found none. */
interface Cached {
  documentationComment?: unknown;
  tags?: unknown;
}

const children = (node: ts.Node): ts.Node[] => {
  const found: ts.Node[] = [];
  ts.forEachChild(node, (child) => void found.push(child));
  return found;
};

/** Both trees are of one text, so they have the same nodes in the same order. */
function handOver(from: Documented, to: Documented): void {
  if (from.jsDoc) to.jsDoc = from.jsDoc;
  if (to.symbol) {
    to.symbol.documentationComment = undefined;
    to.symbol.tags = undefined;
  }
  const twins = children(from);
  for (const [i, child] of children(to).entries()) {
    const twin = twins[i];
    if (twin?.kind === child.kind && twin.pos === child.pos) handOver(twin, child);
  }
}

export class DocComments {
  private readonly read = new WeakSet<ts.SourceFile>();

  /** @param lacks whether a file was parsed without its comments */
  constructor(private readonly lacks: (path: string) => boolean) {}

  /** Reads the comments of what a name means: of its declarations, what they inherit from, and their signatures. */
  readAll(checker: ts.TypeChecker, symbol: ts.Symbol, node: ts.Node): void {
    const type = checker.getTypeOfSymbolAtLocation(symbol, node);
    const signatures = [...type.getCallSignatures(), ...type.getConstructSignatures()];
    const declarations = [
      ...(symbol.declarations ?? []),
      ...(type.symbol?.declarations ?? []),
      ...signatures.map(({ declaration }) => declaration),
    ];
    for (const declaration of declarations) {
      if (!declaration) continue;
      this.readFile(declaration.getSourceFile());
      const { parent }: { parent?: ts.Node } = declaration; // none: a file, of `tf`
      if (parent && (ts.isClassLike(parent) || ts.isInterfaceDeclaration(parent))) this.readBases(checker, parent);
    }
  }

  private readBases(checker: ts.TypeChecker, owner: ts.ClassLikeDeclaration | ts.InterfaceDeclaration): void {
    for (const { types } of owner.heritageClauses ?? []) {
      for (const base of types) {
        for (const declaration of checker.getTypeAtLocation(base).symbol?.declarations ?? []) {
          this.readFile(declaration.getSourceFile());
          if (ts.isClassLike(declaration) || ts.isInterfaceDeclaration(declaration))
            this.readBases(checker, declaration);
        }
      }
    }
  }

  private readFile(file: ts.SourceFile): void {
    if (this.read.has(file)) return;
    this.read.add(file);
    if (this.lacks(file.fileName)) {
      handOver(ts.createSourceFile(file.fileName, file.text, ts.ScriptTarget.ES2022, true), file);
    }
  }
}
