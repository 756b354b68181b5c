/**
 * What a scan looks for: the scripts of descriptors, found by their bytes as a short text, which a Map
 * hashes faster than anything else.
 */
import {
  DescriptorError,
  expandDescriptor,
  formatSolution,
  inferDescriptor,
  isRanged,
  isSolvable,
  parseMultipath,
  type ScriptSolution,
} from '@coind/descriptors';
import type { ChainParams } from '@coind/primitives';
import { RpcError, type ScanObject } from '@coind/rpc';
import { checkRange, WalletError } from '@coind/wallet';

const DEFAULT_LAST_INDEX = 1000;

/** Scripts that are looked for. */
export class Needles {
  readonly #byKey = new Map<string, ScriptSolution>();
  readonly #params: ChainParams;

  constructor(params: ChainParams) {
    this.#params = params;
  }

  get scripts(): readonly Uint8Array[] {
    return [...this.#byKey.values()].map(({ scriptPubKey }) => scriptPubKey);
  }

  has(script: Uint8Array): boolean {
    return this.#byKey.has(keyOf(script));
  }

  /** The descriptor of just this script; undefined when nobody looks for it. */
  describe(script: Uint8Array): string | undefined {
    const solution = this.#byKey.get(keyOf(script));
    if (!solution) return undefined;
    return isSolvable(solution.descriptor)
      ? formatSolution(solution, this.#params)
      : inferDescriptor(script, this.#params);
  }

  /** The first descriptor that makes a script is the one that describes it. */
  add(solution: ScriptSolution): void {
    const key = keyOf(solution.scriptPubKey);
    if (!this.#byKey.has(key)) this.#byKey.set(key, solution);
  }
}

function keyOf(script: Uint8Array): string {
  return Buffer.from(script.buffer, script.byteOffset, script.length).toString('latin1');
}

/** The scripts of `objects`. Throws -5 for a descriptor that is none, -8 for a bad range. */
export function needlesOf(objects: readonly ScanObject[], params: ChainParams): Needles {
  const needles = new Needles(params);
  for (const solution of solutionsOf(objects, params)) needles.add(solution);
  return needles;
}

/** The scripts of `objects` with what spends them. Throws as `needlesOf`. */
export function solutionsOf(
  objects: readonly ScanObject[],
  params: ChainParams,
): readonly ScriptSolution[] {
  return objects.flatMap((object) => expanded(object, params));
}

function expanded({ desc, range }: ScanObject, params: ChainParams): ScriptSolution[] {
  const [first, last] =
    range === undefined ? [0, DEFAULT_LAST_INDEX] : typeof range === 'number' ? [0, range] : range;
  const solutions: ScriptSolution[] = [];
  try {
    checkScanRange(range, first, last);
    for (const descriptor of parseMultipath(desc, params)) {
      const [from, to] = isRanged(descriptor) ? [first, last] : [0, 0];
      for (let index = from; index <= to; index++) {
        solutions.push(...expandDescriptor(descriptor, index));
      }
    }
  } catch (error) {
    if (error instanceof WalletError && error.key === 'invalid-range') {
      throw new RpcError(-8, error.message);
    }
    if (!(error instanceof DescriptorError)) throw error;
    const needsKeys = error.message.startsWith('Cannot derive script without private keys');
    throw new RpcError(-5, needsKeys ? `${error.message}: '${desc}'` : error.message);
  }
  return solutions;
}

function checkScanRange(range: ScanObject['range'], first: number, last: number): void {
  if (range === undefined) return;
  // A range of which only the end was given has no order that could be wrong.
  if (typeof range === 'number' && range < 0) throw new RpcError(-8, 'End of range is too high');
  checkRange(first, last);
}
