/**
 * Which rules hold for a block: script flags by height and hash, BIP30, BIP68. Everything a block's
 * validity depends on besides the block, its parent and its coins is in `Rules`, as data.
 */
import type { BlockHash, BlockHeader, ChainParams } from '@coind/primitives';
import { Flags } from '@coind/script';
import { isBuriedActive } from './deployments.ts';
import type { BlockRef } from './follower.ts';
import type { HeaderContext } from './header-context.ts';

/** The rules that a block is connected under. */
export interface Rules {
  readonly params: ChainParams;
  /** Script verification flags. */
  readonly flags: number;
  /**
   * True when a transaction might repeat an earlier one (BIP30): the view that `connectBlock` gets
   * must then know the coins of all outpoints that the block makes, too.
   */
  readonly enforceBip30: boolean;
  /** True when relative locks by sequence hold (BIP68). */
  readonly csv: boolean;
  /** False to leave scripts unchecked, below a block that is assumed valid. */
  readonly checkScripts: boolean;
}

/**
 * Script flags of the block at `ref`. P2SH, witness and taproot rules hold from the first block on,
 * because only the blocks in `scriptExceptions` ever broke them.
 */
export function scriptFlagsAt(ref: BlockRef, params: ChainParams): number {
  const { hash, height } = ref;
  let flags = Flags.P2SH | Flags.WITNESS | Flags.TAPROOT;
  const exception = params.scriptExceptions[hash];
  if (exception) flags = exception === 'none' ? Flags.NONE : Flags.P2SH | Flags.WITNESS;
  if (isBuriedActive('bip66', height, params)) flags |= Flags.DERSIG;
  if (isBuriedActive('bip65', height, params)) flags |= Flags.CHECKLOCKTIMEVERIFY;
  if (isBuriedActive('csv', height, params)) flags |= Flags.CHECKSEQUENCEVERIFY;
  // BIP147, which came with segwit.
  if (isBuriedActive('segwit', height, params)) flags |= Flags.NULLDUMMY;
  return flags;
}

/** The two blocks of the main network that repeat an earlier coinbase, by hash. */
const BIP30_REPEATS: Readonly<Record<string, number>> = {
  '00000000000a4d0a398161ffc163c503763b1f4360639393e0e4c8e300e0caec': 91842,
  '00000000000743f190a18c5577a3c2d2a1f610ae9601ac046a38084ccb7cd721': 91880,
};

/** The two blocks whose coinbase those repeat, by hash: their outputs were overwritten. */
const BIP30_REPEATED: Readonly<Record<string, number>> = {
  '00000000000271a2dc26e7667f8419f2e15416dc6955e5a6c6cdf3f2574dd08e': 91722,
  '00000000000af0aed4792b1acee3d966af36cf5def14935db8de83d6f9306f2f': 91812,
};

/** From this height on, coinbases before BIP34 could name the height of a later block. */
const BIP34_IMPLIES_BIP30_LIMIT = 1_983_702;

/** True for a block whose coinbase outputs another block overwrote, so that they were never spendable. */
export function isOverwritten(ref: BlockRef): boolean {
  return BIP30_REPEATED[ref.hash] === ref.height;
}

/**
 * Whether a block on `parent` could repeat a transaction. BIP34 makes coinbases unique and with them
 * everything that descends from them, unless coinbases from before it named later heights.
 */
function needsBip30(hash: BlockHash, parent: HeaderContext, params: ChainParams): boolean {
  const height = parent.ref.height + 1;
  // With BIP34 from the first block on there is no coinbase from before it.
  if (params.buried.bip34 <= 1) return false;
  if (height >= BIP34_IMPLIES_BIP30_LIMIT) return true;
  if (BIP30_REPEATS[hash] === height) return false;
  const atBip34 = params.bip34Hash && parent.ancestor(params.buried.bip34);
  return !atBip34 || atBip34.ref.hash !== params.bip34Hash;
}

/**
 * `rules` for a block that was refused: where BIP34 always held nothing can repeat without spending what
 * is gone, so nobody looks for it beforehand, but bitcoind looks there too and names it first.
 */
export function namingRepeats(rules: Rules): Rules {
  return rules.params.buried.bip34 <= 1 ? { ...rules, enforceBip30: true } : rules;
}

/** The rules for a block with `header` on `parent`. */
export function rulesFor(header: BlockHeader, parent: HeaderContext, params: ChainParams): Rules {
  const ref = { hash: header.hash, height: parent.ref.height + 1 };
  return {
    params,
    flags: scriptFlagsAt(ref, params),
    enforceBip30: needsBip30(ref.hash, parent, params),
    csv: isBuriedActive('csv', ref.height, params),
    checkScripts: true,
  };
}
