/**
 * Which release of the legacy family is served. 0.16 is the reference; 0.17 put labels in the place of accounts; the
 * releases before 0.16 had methods that it gave up. Those come on top of 0.16's where nobody asks for exactness.
 */

/** A release: exactly 0.16 or 0.17, or 0.16 with all that there was before and after it. */
export type Release = 'early' | '0.16' | '0.17';

/** A release, and what -deprecatedrpc allows in it. */
export interface Era {
  readonly release: Release;
  readonly allowed: ReadonlySet<string>;
}

/** What most recordings of the family were made with. */
export const REFERENCE_ERA: Era = { release: '0.16', allowed: new Set() };

/** The words that -deprecatedrpc first knew in 0.17. */
const WORDS_OF_017: readonly string[] = ['accounts', 'signrawtransaction', 'validateaddress'];

/** What was said on the command line that tells a release. */
export interface EraHints {
  /** What -compat is: a release, or the family. */
  readonly compat: string | undefined;
  readonly deprecated: readonly string[];
  /** Whether an address type was chosen; before 0.16 there was no choice. */
  readonly choosesAddressType: boolean;
}

/**
 * The era that is meant: the one that -compat names; otherwise the one in which the other options make sense, and
 * everything at once where there are none.
 *
 * @example eraOf({ compat: 'legacy', deprecated: ['accounts'], choosesAddressType: true }).release // '0.17'
 */
export function eraOf({ compat, deprecated, choosesAddressType }: EraHints): Era {
  const allowed = new Set(deprecated);
  if (compat === '0.16' || compat === '0.17') return { release: compat, allowed };
  if (compat === '0.15') return { release: 'early', allowed };
  if (WORDS_OF_017.some((word) => allowed.has(word))) return { release: '0.17', allowed };
  return { release: choosesAddressType ? '0.16' : 'early', allowed };
}
