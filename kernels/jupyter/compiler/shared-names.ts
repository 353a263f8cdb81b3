// Which identifiers of a cell mean a name that all cells share, and so become accesses to `exports`.

import ts from 'typescript';

const localsOf = (file: ts.SourceFile) => (file as unknown as { locals?: Map<string, ts.Symbol> }).locals;

/** Declarations with a binding of their own name inside of them. */
const bindsOwnName = (node: ts.Node) =>
  ts.isClassDeclaration(node) || ts.isEnumDeclaration(node) || ts.isModuleDeclaration(node);

export class SharedNames {
  private readonly cellLocals: Map<string, ts.Symbol> | undefined;
  private readonly earlierLocals: Map<string, ts.Symbol> | undefined;

  /** @param exported names that the cell shares with later cells */
  constructor(
    private readonly checker: ts.TypeChecker,
    private readonly cell: ts.SourceFile,
    earlier: ts.SourceFile,
    private readonly exported: ReadonlySet<string>,
  ) {
    this.cellLocals = localsOf(cell);
    this.earlierLocals = localsOf(earlier);
  }

  isShared(node: ts.Identifier, symbol: ts.Symbol | undefined): boolean {
    if (symbol === undefined) return false;
    return this.earlierLocals?.get(node.text) === symbol || this.isSharedByCell(node, symbol);
  }

  /** Whether a node is a use of a shared name. */
  isUse(node: ts.Node): node is ts.Identifier {
    return ts.isIdentifier(node) && this.isShared(node, this.checker.getSymbolAtLocation(node));
  }

  /** Whether `{ name }` in an object literal uses a shared name. */
  isShorthandUse(node: ts.ShorthandPropertyAssignment): boolean {
    return this.isShared(node.name, this.checker.getShorthandAssignmentValueSymbol(node));
  }

  declarationsOf(name: string): ts.Declaration[] | undefined {
    return this.cellLocals?.get(name)?.declarations;
  }

  private isSharedByCell(node: ts.Identifier, symbol: ts.Symbol): boolean {
    const { declarations } = symbol;
    if (!declarations || !this.exported.has(node.text) || this.cellLocals?.get(node.text) !== symbol) return false;
    // the name in its declaration is not a use of it
    if (declarations.some((declaration) => ts.getNameOfDeclaration(declaration) === node)) return false;
    return declarations.every((declaration) => this.isReplaced(node, declaration));
  }

  /** Variables are left to TypeScript, which reads and writes exported ones in `exports` everywhere. */
  private isReplaced(node: ts.Node, declaration: ts.Declaration): boolean {
    if (ts.isVariableDeclaration(declaration) || ts.isBindingElement(declaration)) return false;
    if (!bindsOwnName(declaration)) return true;
    for (let up = node.parent; up && up !== this.cell; up = up.parent) if (up === declaration) return false;
    return true;
  }
}
