// Rejects messages that were received before, as jupyter_client does: otherwise anyone who reads a socket's traffic
// could send a signed request again.

/** As many signatures as jupyter_client remembers. */
const REMEMBERED = 65_536;

/** Returns a function that tests whether a signature is new; unsigned messages always pass. */
export function createReplayGuard(remembered = REMEMBERED): (signature: string) => boolean {
  const seen = new Set<string>();
  return (signature) => {
    if (!signature) return true;
    if (seen.has(signature)) return false;
    seen.add(signature);
    if (seen.size > remembered) {
      for (const oldest of seen) {
        seen.delete(oldest);
        break;
      }
    }
    return true;
  };
}
