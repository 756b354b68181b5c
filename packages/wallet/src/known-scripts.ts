/**
 * Scripts that are not the wallet's own but that it knows: those it watches, and those whose redeem script or
 * public keys somebody told it (`importaddress`, `importmulti`, `addmultisigaddress`). A wallet may watch very
 * many, so they lie in a table and are looked up one by one; a wallet that knows none never looks.
 */
import { expandDescriptor, parseDescriptor, type ScriptSolution } from '@coind/descriptors';
import { bytesToHex, type ChainParams, hexToBytes } from '@coind/primitives';
import type { Table } from '@coind/store';
import type { OwnFilter } from './own-filter.ts';
import type { KnownScriptRow, ScriptHex } from './tables.ts';
import type { UnitOfWork } from './unit-of-work.ts';

type KnownTable = Table<ScriptHex, KnownScriptRow>;

/** The solution of one script among those of an index. */
export function solutionFor(
  solutions: readonly ScriptSolution[],
  script: ScriptHex,
): ScriptSolution | undefined {
  return solutions.find(({ scriptPubKey }) => bytesToHex(scriptPubKey) === script);
}

/** The known scripts of one wallet. */
export class KnownScripts {
  readonly #params: ChainParams;
  readonly #table: KnownTable;
  readonly #filter: OwnFilter;
  /** False while there are none, which spares most wallets the look. */
  #any = false;

  constructor(
    { params }: { params: ChainParams },
    { table, filter }: { table: KnownTable; filter: OwnFilter },
  ) {
    this.#params = params;
    this.#table = table;
    this.#filter = filter;
  }

  /** Finds out whether there are any. */
  async load(): Promise<void> {
    if (this.#any) return;
    for await (const _ of this.#table.entries({ limit: 1 })) this.#any = true;
  }

  /** Whether some script is known. */
  get any(): boolean {
    return this.#any;
  }

  get(unit: UnitOfWork | undefined, script: ScriptHex): KnownScriptRow | undefined {
    if (!this.#any) return undefined;
    return unit ? unit.get(this.#table, script) : this.#table.getSync(script);
  }

  isWatched(unit: UnitOfWork | undefined, script: ScriptHex): boolean {
    return this.get(unit, script)?.watched === true;
  }

  put(unit: UnitOfWork, script: ScriptHex, row: KnownScriptRow): void {
    this.#any = true;
    if (row.watched) this.#filter.addScript(script);
    unit.put(this.#table, script, row);
  }

  /** Forgets a script: the wallet has its keys now. */
  forget(unit: UnitOfWork, script: ScriptHex): void {
    if (this.get(unit, script)) unit.del(this.#table, script);
  }

  /** What lies behind a known script hash, as far as somebody told. */
  scriptBehind(unit: UnitOfWork, script: ScriptHex): Uint8Array | undefined {
    const row = this.get(unit, script);
    if (row?.redeemScript !== undefined) return hexToBytes(row.redeemScript);
    const solution = this.#solutionOf(row, script);
    return solution?.redeemScript ?? solution?.witnessScript;
  }

  /** The key of a known P2PKH script. */
  publicKeyBehind(unit: UnitOfWork, script: ScriptHex): Uint8Array | undefined {
    return this.#solutionOf(this.get(unit, script), script)?.keys[0]?.publicKey;
  }

  /** How a known script is solved, with public keys only; undefined where nobody told. */
  solve(script: ScriptHex): ScriptSolution | undefined {
    return this.#solutionOf(this.get(undefined, script), script);
  }

  #solutionOf(row: KnownScriptRow | undefined, script: ScriptHex): ScriptSolution | undefined {
    if (row?.descriptor === undefined) return undefined;
    return solutionFor(expandDescriptor(parseDescriptor(row.descriptor, this.#params), 0), script);
  }
}
