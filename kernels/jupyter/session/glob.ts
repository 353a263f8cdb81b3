// Glob patterns over text, as history search has them: `*` any text, `?` any character, `[a-z]` one of, `[!a-z]` none of.
// Matched by hand: a regular expression with many `.*` can take for ever on the wrong text.

type Single = (character: string) => boolean;
type Token = Single | '*';

function parse(pattern: string): Token[] {
  const tokens: Token[] = [];
  const characters = [...pattern];
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i];
    const end = character === '[' ? characters.indexOf(']', i + 2 + Number(/[!^]/.test(characters[i + 1]))) : -1;
    if (character === '*') tokens.push('*');
    else if (character === '?') tokens.push(() => true);
    else if (end > 0) {
      tokens.push(oneOf(characters.slice(i + 1, end)));
      i = end;
    } else tokens.push((other) => other === character);
  }
  return tokens;
}

function oneOf(set: string[]): Single {
  const negated = /[!^]/.test(set[0]);
  const rest = negated ? set.slice(1) : set;
  const ranges: [string, string][] = [];
  for (let i = 0; i < rest.length; i++) {
    if (rest[i + 1] === '-' && i + 2 < rest.length) {
      ranges.push([rest[i], rest[i + 2]]);
      i += 2;
    } else ranges.push([rest[i], rest[i]]);
  }
  return (character) => ranges.some(([from, to]) => character >= from && character <= to) !== negated;
}

/** Returns a function that tells whether a whole text matches. */
export function createGlob(pattern: string): (text: string) => boolean {
  const tokens = parse(pattern);
  return (text) => {
    const characters = [...text];
    let t = 0;
    // Where the last `*` stands, and up to where it reaches so far: on a mismatch it takes one more.
    let star = -1;
    let reach = 0;
    for (let i = 0; i < characters.length; ) {
      const token = tokens[t];
      if (token === '*') {
        star = t++;
        reach = i;
      } else if (token?.(characters[i])) {
        t++;
        i++;
      } else if (star >= 0) {
        t = star + 1;
        i = ++reach;
      } else return false;
    }
    while (tokens[t] === '*') t++;
    return t === tokens.length;
  };
}
